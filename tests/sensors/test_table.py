"""Reading text tables: what loggers write, and what must be refused with its line."""

import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.sensors import columns, table
from tests.memory import traced_memory


@pytest.fixture
def log(tmp_path):
    def write(content):
        file = tmp_path / "log.txt"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    return write


ROWS = [[1, 2.5, -3e-3], [2, 3.5, 4]]


@pytest.mark.parametrize(
    "content",
    [
        "1 2.5 -3e-3\n2 3.5 4\n",
        "1,2.5,-3e-3\n2,3.5,4",
        "1; 2.5; -3e-3\r\n2; 3.5; 4\r\n",
        "1 2.5 -3e-3\r2 3.5 4\r",
        "\ufeff1\t2.5\t-3e-3\n2\t3.5\t4\n",
        "# recorded at 20 °C\n\n1 2.5 -3e-3 # first\n   \n2 3.5 4\n\n",
        "# 20 °C\n1 2.5 -3e-3\n2 3.5 4\n".encode("latin-1"),
        "1 2.5 -3e-3\n2 3.5 4\n".encode("utf-16"),
        "1;2,5;-3e-3\n2;3,5;4\n",
        "1\t2,5\t-3e-3\n2\t3,5\t4\n".encode("utf-16"),
        "1 2,5 -3e-3\n2 3,5 4\n",
        '"1","2.5","-3e-3"\n"2","3.5","4"\n',
        '"1","2,5","-3e-3"\n"2","3,5","4"\n',
        "'1', '2.5', '-3e-3'\n2,3.5,4\n",
        '"1" "2.5" "-3e-3"\n"2" "3.5" "4"\n',
        "1,2.5,-3e-3,\n2,3.5,4,\n",
        "1;2,5;-3e-3;;\n2;3,5;4\n",
        "sep=;\n1;2,5;-3e-3\n2;3,5;4\n",
        b"1 2.5 -3e-3\n2 3.5 4\n" + bytes(5000),
        b"1 2.5 -3e-3\n2 3.5 4\n3 4" + bytes(50_000),
    ],
    ids=[
        "spaces",
        "commas",
        "semicolons, CRLF",
        "CR",
        "BOM, tabs",
        "comments",
        "latin-1",
        "utf-16",
        "semicolons, decimal commas",
        "tabs, decimal commas, utf-16",
        "spaces, decimal commas",
        "quotes",
        "quotes, decimal commas",
        "single quotes",
        "quotes, spaces",
        "commas at the ends",
        "semicolons at an end",
        "a spreadsheet's separator",
        "NULs at the end",
        "NULs after a row cut off",
    ],
)
def test_the_same_numbers_come_out_of_every_way_to_write_them(log, content):
    found = table.read(log(content))
    np.testing.assert_array_equal(found.values, ROWS)
    assert found.names == ()


def test_lines_are_counted_as_an_editor_counts_them(log):
    found = table.read(log("# comment\n\n1 2\n\n3 4\n"))
    np.testing.assert_array_equal(found.line, [3, 5])


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ('"T_s", Wx ,wy\n1,2,3\n', ("t_s", "wx", "wy")),
        ("# by a logger\n# t_ms, wx, wy\n1 2 3\n", ("t_ms", "wx", "wy")),
        ("# t_ms is the time\n1 2 3\n", ()),
        ('"Time (s)","X (rad/s)","Y [deg/s]"\n1,2,3\n', ("time_s", "x_rad_s", "y_deg_s")),
        ("Time (s)\tX (rad/s)\tabs\n1\t2\t3\n", ("time_s", "x_rad_s", "abs")),
        ("t,wx,id\nms,°/s,\n1,2,3\n", ("t_ms", "wx_deg_s", "id")),
        ("t_s,wx,wy,\n1,2,3,\n", ("t_s", "wx", "wy")),
        ("gyroADC[0],Rotation (X),t (us)\n1,2,3\n", ("gyroadc[0]", "rotation (x)", "t_us")),
    ],
)
def test_headers(log, content, names):
    assert table.read(log(content)).names == names


def test_a_header_that_is_repeated_is_no_row(log):
    found = table.read(log("t_s,wx\n1,2\n3,4\nt_s,wx\n5,6\n"))
    np.testing.assert_array_equal(found.values, [[1, 2], [3, 4], [5, 6]])
    np.testing.assert_array_equal(found.line, [2, 3, 5])


def test_columns_of_text_do_no_harm_until_they_are_asked_for(log):
    found = table.read(log("t_s,mode,wx\n1,ANGLE|ARM,2\n2,0,3\n3,nan,4\n"))
    np.testing.assert_array_equal(columns.select(found, ("wx",))[:, 0], [2, 3, 4])
    with pytest.raises(InputError, match=r"log\.txt, line 2: 'ANGLE.ARM' is not a number"):
        columns.select(found, ("mode",))


def test_decimal_commas_are_told(log, caplog):
    caplog.set_level("INFO")
    table.read(log("1;2,5\n2;3,5\n"))
    assert "commas in its numbers are read as decimal commas" in caplog.text


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"t_s,wx\n0,1,0,2\n", "4 columns where 2 .*; decimal commas and commas between"),
        (b"1;2\n1.234,5;3\n", r"line 2: '1\.234\.5' is not a number"),
        (b"1 2\n\0\0\n3 4\n", "not a text file"),
        (bytes(3000), "the log is empty"),
        (b"t;wx\na;b\n1;2\n", "'a' is not a number"),
        (b"", "empty"),
        (b"# only a comment\n\n", "empty"),
        (b"t_s,wx\n", "a header and no rows"),
        (b"1 2 3\n1 2\n", r"log\.txt, line 2: 2 columns where 3"),
        (b"1 2 3\n1 2 3 4\n", r"line 2: 4 columns where 3"),
        (b"t_s,wx\n1,2,3\n", r"line 2: 3 columns where 2"),
        (b"1,2\n1,\n", r"line 2: '' is not a number"),
        (b"1 2\n# x\n3 four\n", r"line 3: 'four' is not a number"),
        (b"1 2\n3 1_0\n", r"line 2: '1_0' is not a number"),
        (b"1 2\n3 nan\n", "line 2: nan is no possible reading"),
        (b"1 2\n3 -inf\n", "line 2: -inf is no possible reading"),
        (b"1 2\n3 1e300\n", "line 2: 1e300 is no possible reading"),
        (b"1 2\n3 1e999\n", "line 2: 1e999 is no possible reading"),
        ("1 2\n3 ٤\n".encode(), "line 2: '٤' is not a number"),
        (b"1 2\n3 " + b"9" * 5000 + b"\n", "line 2: 9{40} is no possible reading"),
        (b"1 2\n" + b"9" * 1_000_000, r"log\.txt, line 2: has more than 10000 characters"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not a text file"),
        (b"\xe9\xe8\xe7\n1 2\n", "line 2: 2 columns where 1"),
    ],
)
def test_bad_files_are_refused_with_the_line(log, content, complaint):
    with pytest.raises(InputError, match=complaint):
        found = table.read(log(content))
        found.columns(range(len(found.names)))


def test_an_unreadable_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"gone\.txt: no such file"):
        table.read(tmp_path / "gone.txt")


@pytest.mark.parametrize(
    ("text", "unit", "nanoseconds"),
    [
        ("1601468900123456789", "ns", 1601468900123456789),
        ("1601468900.123456789", "s", 1601468900123456789),
        ("1601468900123456.7891", "us", 1601468900123456789),
        ("4.328040426246000454e+06", "s", 4328040426246000),
        ("-0.0015", "ms", -1500),
        ("981530", "us", 981530000),
        ("0.0" + 5000 * "1", "s", 11111111),
        ("5" + 5000 * "0" + "e-5000", "s", 5 * 10**9),
        ("7e-999999999", "s", 0),
        ("0e999999999", "s", 0),
    ],
)
def test_times_keep_every_digit(log, text, unit, nanoseconds):
    found = columns.time_ns(table.read(log(f"{text} 0\n{text} 0\n")), 0, unit)
    assert found.dtype == np.int64
    assert found.tolist() == [nanoseconds, nanoseconds]


@pytest.mark.parametrize("text", ["1e-99999999999999999999", "0e99999999999999999999"])
def test_a_time_of_an_impossible_exponent_ends_in_an_error(log, text):
    with pytest.raises(InputError, match=r"log\.txt"):
        columns.time_ns(table.read(log(f"{text} 0\n")), 0, "s")


@pytest.mark.parametrize("later", ["3 1\n4 1\n", "1 1\n2 1\n3 1\n4 1\n", "2 1\nx 1\n", ""])
def test_a_log_that_changes_while_it_is_read_is_refused_or_read_as_it_was(log, later):
    file = log("1 1\n2 1\n3 1\n")
    found = table.read(file)
    file.write_text(later)
    try:
        times = columns.time_ns(found, 0, "ns")
    except InputError as error:
        assert "changed while it was read" in str(error)
        assert later != "1 1\n2 1\n3 1\n4 1\n"
    else:
        np.testing.assert_array_equal(times, [1, 2, 3])


@pytest.mark.slow
def test_a_long_log_takes_little_more_memory_than_its_numbers(log):
    """Three hours of 400 Hz, held as text, took 1.8 GB."""
    file = log("".join(f"{2500 * row} 0.123456789 -0.2 0.3\n" for row in range(50_000)))
    with traced_memory() as peak:
        found = table.read(file)
        times = columns.time_ns(found, 0, "us")
    assert times[-1] == 2500 * 49_999 * 1000
    # NumPy enlarges what it reads into by halves; a megabyte is read at once.
    assert peak() < 2.0 * (found.values.nbytes + found.line.nbytes + times.nbytes) + 4e6


def test_a_message_shows_part_of_a_long_header(log):
    names = ",".join(f"column_{number}" for number in range(500))
    values = ",".join("1" * 500)
    with pytest.raises(InputError, match=r"among column_0, column_1, .* …; name it t_s"):
        columns.require_time_ns(table.read(log(f"{names}\n{values}\n")))


def test_a_time_beyond_int64_is_refused(log):
    with pytest.raises(InputError, match="line 2: time out of range; is it in s"):
        columns.time_ns(table.read(log("1 0\n1601468900123456789 0\n")), 0, "s")


@pytest.mark.parametrize(
    ("header", "complaint"),
    [
        ("wx", "no time column among wx, wy"),
        ("time", "column 'time' needs its unit at the end: _s, _ms, _us, _ns"),
        ("t_min", "column 't_min' needs its unit"),
    ],
)
def test_a_time_column_states_its_unit(log, header, complaint):
    with pytest.raises(InputError, match=complaint):
        columns.require_time_ns(table.read(log(f"{header},wy\n1,2\n")))


def test_two_time_columns_are_refused(log):
    with pytest.raises(InputError, match=r"several columns for one quantity \(t_s, time_ms\)"):
        columns.require_time_ns(table.read(log("t_s,time_ms\n1,2\n")))

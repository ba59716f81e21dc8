"""Frame logs of every layout."""

from decimal import Decimal

import numpy as np
import pytest

from dvs_jax.camera import Camera
from dvs_jax.errors import InputError
from dvs_jax.sensors import center_time_ns, frames

CAMERA = Camera(readout_time_s=0.02, clock_offset_s=0.5)
RELEASED = "1000 80 7 300 900\n2000 60 8 310 1900\n3000 40 9 320 2900\n"
SEED = "1000 0 80 300 900\n2000 1 60 310 1900\n3000 2 40 320 2900\n"
NAMED = (
    "t_ois_ns,t_ns,readout_us,exposure_ns\n900,1000,0.3,80\n1900,2000,.31,60\n2900,3000,.32,40\n"
)


@pytest.fixture
def read(tmp_path):
    def read_content(content):
        file = tmp_path / "frame.txt"
        file.write_text(content)
        return frames.read(file, CAMERA)

    return read_content


WIDER = "1000 80 7 300 900 1.0 0\n2000 60 8 310 1900 1.0 1\n3000 40 9 320 2900 1.0 2\n"


@pytest.mark.parametrize(
    "content", [RELEASED, WIDER, SEED, NAMED], ids=["released", "wider", "seed", "named"]
)
def test_layouts(read, content):
    log = read(content)
    assert log.time_ns.tolist() == [960, 1970, 2980]
    assert log.readout_ns.tolist() == [300, 310, 320]
    assert (log.ois_time_ns - 500_000_000).tolist() == [860, 1870, 2880]
    assert center_time_ns(log).tolist() == [1110, 2125, 3140]


@pytest.mark.parametrize("first", [1, 100, 40_000_000])
def test_frame_numbers_may_begin_anywhere(read, first):
    rows = SEED.splitlines()
    numbered = [row.replace(f" {i} ", f" {first + i} ", 1) for i, row in enumerate(rows)]
    log = read("\n".join(numbered))
    assert log.time_ns.tolist() == [960, 1970, 2980]
    assert log.readout_ns.tolist() == [300, 310, 320]


@pytest.mark.parametrize(("second", "time_ns"), [(0, 960), (80, 960)])
def test_of_a_single_frame_only_number_0_is_told_from_an_exposure(read, second, time_ns):
    log = read(f"1000 {second} {80 if second == 0 else 7} 300 900\n")
    assert log.time_ns.tolist() == [time_ns]


def test_a_column_of_times_suffices(read):
    log = read("t_ms\n1\n2\n3.5\n")
    assert log.time_ns.tolist() == log.ois_time_ns.tolist() == [1_000_000, 2_000_000, 3_500_000]
    assert log.readout_ns.tolist() == [20_000_000] * 3


@pytest.mark.parametrize(
    ("text", "unit"), [("4328040.426246", "s"), ("4328040426.246", "ms"), ("4328040426246", "us")]
)
def test_the_unit_of_times_alone_is_told_by_their_steps(read, text, unit, caplog):
    caplog.set_level("INFO")
    step = Decimal(1).scaleb({"s": 0, "ms": 3, "us": 6}[unit]) / 25
    log = read("".join(f"{Decimal(text) + i * step}\n" for i in range(3)))
    start_ns = 4328040426246000
    np.testing.assert_array_equal(log.time_ns, start_ns + np.arange(3) * 40_000_000)
    assert f"its times are read as {unit}" in caplog.text


def test_the_first_frame_may_stand_on_any_line(tmp_path):
    file = tmp_path / "frame.csv"
    file.write_text("t_ms,readout_ms\n" + "".join(f"{40 * i},{i + 1}\n" for i in range(9)))
    log = frames.read(file, Camera(), first=7)
    np.testing.assert_array_equal(log.time_ns, np.array([240, 280, 320]) * 10**6)
    np.testing.assert_array_equal(log.readout_ns, np.array([7, 8, 9]) * 10**6)
    np.testing.assert_array_equal(log.ois_time_ns, log.time_ns)
    assert frames.lines_of(file, 7, 2) == ["t_ms,readout_ms\n", "240,7\n", "280,8\n"]
    for first in (0, 10):
        with pytest.raises(InputError, match=f"has 9 frames, .* cannot be number {first}"):
            frames.read(file, Camera(), first)


def test_a_phones_list_of_nanoseconds(read):
    log = read("9000000000000\n9000033333333\n")
    assert log.time_ns.tolist() == [9_000_000_000_000, 9_000_033_333_333]
    assert log.ois_time_ns.tolist() == log.time_ns.tolist()
    assert log.readout_ns.tolist() == [20_000_000] * 2


def test_without_a_log_the_video_starts_at_zero():
    log = frames.without_log(np.array([40, 70, 110]), CAMERA)
    assert log.time_ns.tolist() == log.ois_time_ns.tolist() == [0, 30, 70]
    assert log.readout_ns.tolist() == [20_000_000] * 3


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("1 2 3 4\n", "4 columns without a header; a log of this kind has t_ns exposure_ns"),
        ("exposure_ns\n1\n", "no time column"),
        ("t_ns,exposure\n1,2\n", "column 'exposure' needs its unit"),
        ("t_ns,t_ois\n1,2\n", "column 't_ois' needs its unit"),
        ("1 2 0 3 1\n2 2 0 -3 2\n", "line 2: readout of -3e-09 s"),
        ("t_s,exposure_s\n1,0.01\n2,10\n", "line 3: exposure of 10 s; it lies between 0 and 1 s"),
        ("t_s\n1\n2\n2\n", r"line 4: time does not advance, from 2\.0\d* s to 2\.0"),
        (
            "t_s,exposure_s\n1,0\n2,0.1\n2.1,0.9\n",
            r"line 4: the middle of the exposure does not advance, from 1\.95\d* s to 1\.65",
        ),
        (
            "t_s\n0\n33333\n66666\n",
            "line 3: this frame is 33333 s after the one before, .*; check the unit of the times",
        ),
        ("t_ns\n33\n66\n100\n", r"line 3: frames are 0\.0335 µs apart, .*; check the unit"),
        ("t_s\n1\n2\n1.5\n", r"line 4: time does not advance, from 2\.0\d* s to 1\.5"),
    ],
)
def test_bad_logs(read, content, complaint):
    with pytest.raises(InputError, match=complaint):
        read(content)

"""GPMF records: nested, padded, damaged."""

import numpy as np

from dvs_jax.recordings import gpmf

from .gopro_files import nest, number, record, text


def test_streams_are_found_in_their_devices():
    data = nest("DEVC", text("DVNM", "Max"), nest("STRM", number("SROT", "f", 20.5)))
    streams = list(gpmf.streams(data))
    assert [sorted(stream) for stream in streams] == [["SROT"], ["DVNM"]]
    assert streams[1]["DVNM"].text() == "Max"
    np.testing.assert_array_equal(streams[0]["SROT"].values(), [[20.5]])


def test_samples_have_a_row_each():
    body = np.array([[1, -2, 3], [4, 5, -6]], ">i2").tobytes()
    (entry,) = gpmf.entries(memoryview(record("GYRO", "s", 6, 2, body)))
    np.testing.assert_array_equal(entry.values(), [[1, -2, 3], [4, 5, -6]])


def test_what_is_no_plain_number_has_no_values():
    mixed = record("SCEN", "?", 8, 1, bytes(8))
    uneven = record("GYRO", "s", 5, 2, bytes(10))
    none = record("GYRO", "s", 0, 3, b"")
    for data in (mixed, uneven, none):
        (entry,) = gpmf.entries(memoryview(data))
        assert entry.values() is None


def test_filling_and_broken_ends_end_the_records():
    whole = number("SROT", "f", 1.0)
    for end in (bytes(400), whole[:-1], whole[:5], b"GYROs\xff\xff\xff"):
        assert len(list(gpmf.entries(memoryview(whole + end)))) == 1


def test_nesting_has_a_limit():
    data = number("SROT", "f", 1.0)
    for _ in range(30):
        data = nest("DEVC", data)
    assert all("SROT" not in stream for stream in gpmf.streams(data))

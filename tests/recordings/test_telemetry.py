"""What telemetry-parser reads, where it is installed; here a stand-in for it."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.recordings import find, read, telemetry

from .gopro_files import write

SAMPLES = [
    {"timestamp_ms": 5.0 * i, "gyro": (90.0, 0.0, i), "accl": (9.8, 0.0, 0.0), "magn": None}
    for i in range(20)
]


class Panic(BaseException):
    """As pyo3 raises for a panic of Rust code."""


@pytest.fixture
def parser(monkeypatch):
    """Installs a stand-in that finds these samples, or raises."""

    def install(found):
        def parse(path):
            if isinstance(found, BaseException):
                raise found
            return SimpleNamespace(camera="Sony", model="a7s III", normalized_imu=lambda: found)

        monkeypatch.setitem(sys.modules, "telemetry_parser", SimpleNamespace(Parser=parse))
        monkeypatch.setattr(telemetry, "is_installed", lambda: True)

    return install


def test_its_degrees_and_axes(parser, tmp_path):
    parser(SAMPLES)
    (tmp_path / "clip.bbl").write_bytes(b"H Product")
    found = read(tmp_path / "clip.bbl")
    np.testing.assert_allclose(found.motion[:, 0], np.pi / 2)
    np.testing.assert_array_equal(found.time_ns, 5_000_000 * np.arange(20))
    assert found.camera.gyro_axes == ("y", "x", "z")
    assert found.accelerometer.acceleration[0, 0] == 9.8
    assert found.kind.startswith("Sony a7s III telemetry, read by telemetry-parser")


def test_it_is_asked_where_a_video_has_data_of_its_own(parser, tmp_path):
    video = write(tmp_path / "C0001.MP4", [b"rtmd"] * 3)
    assert find(video) is None
    parser(SAMPLES)
    assert find(video).model == "Sony a7s III"
    assert find(write(tmp_path / "plain.mp4", [])) is None


@pytest.mark.parametrize(
    ("found", "complaint"),
    [
        (OSError("Unsupported file format"), "cannot read it .Unsupported file format"),
        (Panic("index out of bounds"), "cannot read it .index out of bounds"),
        ([], "finds no gyro"),
        ([{**each, "gyro": (1e9, 0, 0)} for each in SAMPLES], "faster than any gyro"),
        ([{**each, "timestamp_ms": float("nan")} for each in SAMPLES], "impossible values"),
    ],
)
def test_what_it_cannot_read_is_refused(parser, tmp_path, found, complaint):
    parser(found)
    (tmp_path / "clip.bbl").write_bytes(b"H Product")
    with pytest.raises(InputError, match=complaint):
        read(tmp_path / "clip.bbl")


def test_without_it_the_error_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(telemetry, "is_installed", lambda: False)
    (tmp_path / "clip.bbl").write_bytes(b"H Product")
    with pytest.raises(InputError, match=r"pip install 'dvs-jax\[telemetry\]'.*3\.11 and 3\.12"):
        read(tmp_path / "clip.bbl")

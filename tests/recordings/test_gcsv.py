"""Gyroflow's .gcsv logs."""

import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.recordings import gcsv, read
from tests.sensors.test_lens_profile import write

HEADER = """\
GYROFLOW IMU LOG
version,1.3
id,my_camera
orientation,{orientation}
note,FIRMWARE_0.1.0
{more}tscale,0.001
gscale,0.0002663161
ascale,0.00059875488
"""
COLUMNS = "t,gx,gy,gz,ax,ay,az\n"
ROWS = "0,39,86,183,-1137,-15689,-2986\n5,56,100,202,-1179,-15694,-2887\n10,63,108,218,1,2,3\n"


def log(tmp_path, orientation="XYZ", more="", rows=ROWS):
    file = tmp_path / "walk.gcsv"
    file.write_text(HEADER.format(orientation=orientation, more=more) + COLUMNS + rows)
    return file


def test_its_scales_make_seconds_and_rad_s(tmp_path):
    found = read(log(tmp_path))
    np.testing.assert_array_equal(found.time_ns, [0, 5_000_000, 10_000_000])
    np.testing.assert_allclose(found.motion[0], np.array([39, 86, 183]) * 0.0002663161)
    np.testing.assert_array_equal(found.accelerometer.acceleration[2], [1, 2, 3])
    assert found.model == "my camera"
    assert found.kind == "Gyroflow's log (.gcsv) of my camera, orientation XYZ"
    assert "readout_time_s" not in found.description


@pytest.mark.parametrize(
    ("orientation", "axes"),
    [
        ("XYZ", ("y", "x", "z")),
        ("yXZ", ("x", "-y", "z")),
        ("ZyX", ("-y", "z", "x")),
        ("xzY", ("-z", "-x", "y")),
        ("", ("-z", "-x", "y")),
    ],
)
def test_orientations(tmp_path, orientation, axes):
    """XYZ and yXZ are how Gyroflow has the two GoPros whose mounting is known."""
    assert read(log(tmp_path, orientation)).camera.gyro_axes == axes


@pytest.mark.parametrize("place", ["beside", "fetched", "nowhere"])
def test_a_lens_profile_that_is_at_hand_is_taken(tmp_path, monkeypatch, place):
    monkeypatch.setenv("DVS_JAX_CACHE", str(tmp_path / "cache"))
    folder = {"beside": tmp_path, "fetched": tmp_path / "cache/lens_profiles/main/AKASO"}
    if place in folder:
        folder[place].mkdir(parents=True, exist_ok=True)
        write(folder[place])
    name = "wide.json" if place == "beside" else "akaso/wide"
    described = read(log(tmp_path, more=f"lensprofile,{name}\n")).description
    assert ("lens" in described) == (place in folder)
    if place in folder:
        assert described["focal_length"][0] == pytest.approx(2389.4 / 3840)
        assert described["readout_time_s"] == pytest.approx(0.0215)
        own = read(log(tmp_path, more=f"lensprofile,{name}\nframe_readout_time,9\n"))
        assert own.description["readout_time_s"] == pytest.approx(0.009)


@pytest.mark.parametrize("name", ["", "../wide", "/wide", "\\"])
def test_no_lens_profile_is_looked_for_elsewhere(tmp_path, name):
    (tmp_path / "logs").mkdir()
    write(tmp_path)
    assert "lens" not in read(log(tmp_path / "logs", more=f"lensprofile,{name}\n")).description


@pytest.mark.parametrize(
    ("more", "readout_s"),
    [
        ("frame_readout_time,12.5\n", 0.0125),
        ("frame_readout_time,12.5\nframe_readout_direction,0\n", 0.0125),
        ("frame_readout_time,12.5\nframe_readout_direction,TopToBottom\n", 0.0125),
        ("frame_readout_time,12.5\nframe_readout_direction,1\n", 0.0),
    ],
)
def test_readout(tmp_path, more, readout_s):
    assert read(log(tmp_path, more=more)).camera.readout_time_s == readout_s


def test_other_ways_to_write_it(tmp_path):
    wanted = read(log(tmp_path))
    text = log(tmp_path).read_text()
    for changed in (
        text.replace("GYROFLOW IMU LOG", "CAMERA IMU LOG"),
        text.replace("\n", "\r\n"),
        text.replace("tscale,0.001\n", ""),
        text.replace(",-1137,-15689,-2986", ",-1137.0,-15689.0,-2986.0"),
        text + "\n\n",
    ):
        (tmp_path / "walk.csv").write_text(changed)
        found = read(tmp_path / "walk.csv")
        np.testing.assert_array_equal(found.motion, wanted.motion)
        np.testing.assert_array_equal(found.time_ns, wanted.time_ns)


def test_without_an_accelerometer(tmp_path):
    file = tmp_path / "walk.gcsv"
    file.write_text(HEADER.format(orientation="XYZ", more="") + "t,gx,gy,gz\n0,1,2,3\n5,1,2,3\n")
    assert read(file).accelerometer is None


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("XYZ", "XXY", "orientation is 'XXY'"),
        ("0.001", "zero", "tscale is 'zero'"),
        ("0.0002663161", "0", "gscale is '0'"),
        ("0.0002663161", "100", "faster than any gyro"),
        (COLUMNS, "", "no line of column names"),
        ("gx,gy,gz", "a,b,c", "a .gcsv log has the columns t, gx"),
        ("0.001", "1e12", "times are out of range"),
        ("note", "frame_readout_time,-3\nnote", "frame_readout_time is -3 ms"),
    ],
)
def test_what_is_impossible_is_refused(tmp_path, old, new, complaint):
    file = log(tmp_path)
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(InputError, match=complaint):
        gcsv.read(file)

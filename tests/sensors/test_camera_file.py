"""camera.toml: strict, and clear about what is allowed."""

import os
from pathlib import Path

import pytest

from dvs_jax.camera import Camera
from dvs_jax.errors import InputError
from dvs_jax.lens import Lens
from dvs_jax.sensors import camera_file


@pytest.fixture
def read(tmp_path):
    def read_content(content):
        file = tmp_path / "camera.toml"
        file.write_text(content, encoding="utf-8")
        return camera_file.read(file)

    return read_content


INTRINSICS = "[intrinsics]\nwidth = 800\nheight = 600\nfx = 573.85\nfy = 575.04\ncx = 406.01\n"


def test_what_is_left_out_is_as_in_the_released_data(read):
    assert read("") == Camera()
    assert read("\ufeff# nothing\n[gyro]\n[ois]\n") == Camera()


def test_every_key(read):
    camera = read(
        "readout_time_ms = 33\n"
        + INTRINSICS
        + "cy = 309.01\n[gyro]\naxes = ['-x', 'z', 'y']\nclock_offset_ms = -12.5\n"
        + "[ois]\nwindow = [1920, 1080]\n"
    )
    assert camera == Camera(
        focal_length=(573.85 / 800, 575.04 / 800),
        principal_point=(406.51 / 800, 309.51 / 600),
        readout_time_s=0.033,
        gyro_axes=("-x", "z", "y"),
        clock_offset_s=-0.0125,
        ois_window=(1920.0, 1080.0),
        calibrated_size=(800.0, 600.0),
    )


def test_fov_is_sensor_width_over_focal_length(read):
    assert read("fov = 1.5").focal_length == (1 / 1.5, 1 / 1.5)


def test_a_lens(read):
    content = "fov = 2\n[lens]\nmodel = 'fisheye'\ncoefficients = [0.04, 0.01, 0, -1e-3]\n"
    expected = Lens("fisheye", (0.04, 0.01, 0.0, -0.001))
    assert read(content).lens == expected
    camera = read(content + "size = [3840, 2160]")
    assert camera == Camera((0.5, 0.5), lens=expected, calibrated_size=(3840.0, 2160.0))
    described = {"focal_length": (0.5, 0.5), "lens": expected}
    assert read(camera_file.text_of(described)) == Camera(**described)


@pytest.mark.parametrize("name", ["karma", "max-heromode"])
def test_descriptions_of_the_recordings(name):
    camera = camera_file.read(Path(__file__).with_name(f"{name}.toml"))
    assert sorted(axis[-1] for axis in camera.gyro_axes) == ["x", "y", "z"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("fov = \n", r"camera\.toml: not a TOML file .*line 1"),
        ("focal = 1", "unknown key 'focal'; allowed are fov, readout_time_ms, intrinsics"),
        ("[gyro]\naxis = 1", r"unknown key 'axis' in \[gyro\]; allowed are axes, clock_offset_ms"),
        ("[ois]\nsize = 1", r"unknown key 'size' in \[ois\]; allowed are window"),
        ("fov = -1.2", "fov = -1.2; it must be a number from 0.01 to 20"),
        ("fov = '1.2'", "fov = '1.2'; it must be a number"),
        ("fov = true", "fov = True; it must be a number"),
        ("fov = nan", "fov = nan; it must be a number"),
        ("readout_time_ms = -1", "readout_time_ms = -1; it must be a number from 0 to 1000"),
        ("gyro = 3", r"gyro = 3; it must be a table, \[gyro\]"),
        ("[gyro]\naxes = ['x', 'y', 'y']", r"gyro.axes = \['x', 'y', 'y'\]; it must be each of"),
        ("[gyro]\naxes = ['x', 'y']", "gyro.axes = "),
        ("[gyro]\naxes = ['x', 'y', '--z']", "gyro.axes = "),
        ("[gyro]\naxes = ['x', 'y', 3]", "gyro.axes = "),
        ("[gyro]\naxes = 'xyz'", "gyro.axes = 'xyz'"),
        ("[gyro]\nclock_offset_ms = inf", "gyro.clock_offset_ms = inf"),
        ("[ois]\nwindow = [0, 5]", r"ois.window = \[0, 5\]; it must be two positive numbers"),
        ("[ois]\nwindow = 5", "ois.window = 5"),
        ("[ois]\nwindow = [4032, inf]", "ois.window = "),
        ("[ois]\nwindow = [0x1" + "0" * 400 + ", 5]", r"ois.window = \[\d{59}…; it must be two"),
        ("[gyro]\naxes = ['x', 'y', 'z', 3]", "gyro.axes = "),
        (f"fov = {'9' * 5000}", r"camera\.toml: not a TOML file \(Exceeds the limit"),
        (f"fov = 0x{'9' * 5000}", "fov = a int too large to show; it must be a number"),
        (f"[gyro]\naxes = [0x{'9' * 5000}]", "gyro.axes = a list too large to show"),
        ("fov = " + "[" * 6000, r"camera\.toml: not a TOML file \(it is nested too deeply\)"),
        ("fov = " + "[" * 100_000, r"camera\.toml: not a TOML file \(it has more than 16384"),
        ("fov" + ".fov" * 2000 + " = 1", "fov = a dict too large to show"),
        (f"'{'fov' * 100}' = 1", "unknown key '(fov){19}fo…; allowed are fov"),
        ("'fov\\u001b[2J' = 1".replace("'", '"'), r"unknown key 'fov\\x1b\[2J'"),
        ("lens = 3", r"lens = 3; it must be a table, \[lens\]"),
        ("[lens]\nmodel = 'poly3'", 'lens.model = \'poly3\'; it must be "fisheye" or "brown"'),
        ("[lens]\nmodel = []", r"lens.model = \[\]; it must be"),
        ("[lens]\nmodel = 'brown'", r"lens.coefficients is missing; .* 5 numbers, \[k1, k2, p1"),
        ("[lens]\nmodel = 'fisheye'\ncoefficients = [1, 2, nan, 4]", "must be 4 numbers"),
        ("[lens]\nmodel = 'fisheye'\ncoefficients = [1, 2, 3]", "must be 4 numbers"),
        ("[lens]\nk1 = 1", r"unknown key 'k1' in \[lens\]; allowed are model, coefficients"),
        ("fov = 1\nlens = 'a.json'", "give no fov and no"),
        ("lens = 'a.json'", "a.json: no such file"),
        (INTRINSICS, "intrinsics.cy is missing; it must be a number from 0 to 600"),
        (INTRINSICS + "cy = 700", "intrinsics.cy = 700"),
        ("fov = 1\n" + INTRINSICS + "cy = 3", r"give fov or \[intrinsics\], not both"),
    ],
)
def test_nonsense_is_refused(read, content, complaint):
    with pytest.raises(InputError, match=complaint):
        read(content)


def test_what_is_no_ordinary_file_is_refused(tmp_path):
    file = tmp_path / "camera.toml"
    os.mkfifo(file)
    with pytest.raises(InputError, match=r"camera\.toml: is a pipe"):
        camera_file.read(file)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    file = tmp_path / "camera.toml"
    file.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(InputError, match=r"camera\.toml: not a TOML file"):
        camera_file.read(file)

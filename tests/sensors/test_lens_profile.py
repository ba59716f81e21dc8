"""Gyroflow's lens profiles: what they tell, and which are refused."""

import copy
import json

import pytest

from dvs_jax.camera import Camera
from dvs_jax.errors import InputError
from dvs_jax.lens import Lens
from dvs_jax.sensors import camera_file, lens_profile

COEFFICIENTS = [-0.0338, 0.0339, -0.1081, 0.086]
PROFILE = {
    "camera_brand": "AKASO",
    "camera_model": "V50 Pro",
    "lens_model": "wide",
    "camera_setting": "",
    "calib_dimension": {"w": 3840, "h": 2160},
    "frame_readout_time": 21.5,
    "input_horizontal_stretch": 1.0,
    "asymmetrical": False,
    "fisheye_params": {
        "RMS_error": 1.0,
        "camera_matrix": [[2389.4, 0.0, 1873.4], [0.0, 2393.9, 1085.3], [0.0, 0.0, 1.0]],
        "distortion_coeffs": COEFFICIENTS,
        "radial_distortion_limit": None,
    },
    "distortion_model": None,
    "digital_lens": None,
}


def write(folder, **changed):
    content = copy.deepcopy(PROFILE) | changed
    (folder / "wide.json").write_text(json.dumps(content))
    return folder / "wide.json"


def test_a_camera_file_may_name_a_profile(tmp_path):
    write(tmp_path)
    description = tmp_path / "camera.toml"
    description.write_text('lens = "wide.json"\n[gyro]\nclock_offset_ms = 5')
    assert camera_file.read(description) == Camera(
        focal_length=(2389.4 / 3840, 2393.9 / 3840),
        principal_point=(0.5, 0.5),
        readout_time_s=0.0215,
        clock_offset_s=0.005,
        calibrated_size=(3840.0, 2160.0),
        lens=Lens("fisheye", tuple(COEFFICIENTS)),
    )
    description.write_text('lens = "wide.json"\nreadout_time_ms = 10')
    assert camera_file.read(description).readout_time_s == 0.01


def test_the_axis_is_the_pictures_middle_unless_told(tmp_path):
    profile = lens_profile.read(write(tmp_path))
    assert (profile.camera, profile.setting) == ("AKASO V50 Pro", "wide")
    assert profile.center == (1919.5, 1079.5)
    assert lens_profile.read(write(tmp_path, asymmetrical=True)).center == (1873.4, 1085.3)


def test_a_readout_of_zero_is_none_that_is_known(tmp_path):
    assert lens_profile.read(write(tmp_path, frame_readout_time=0.0)).readout_time_s is None


def test_browns_model(tmp_path):
    parameters = PROFILE["fisheye_params"] | {"distortion_coeffs": [0.1, 0.2, 0.3, 0.4]}
    file = write(tmp_path, distortion_model="opencv_standard", fisheye_params=parameters)
    assert lens_profile.read(file).lens == Lens("brown", (0.1, 0.2, 0.3, 0.4, 0.0))


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"fisheye_params": None}, "a value is missing or of another kind"),
        ({"calib_dimension": {"w": 3840}}, "it has no h"),
        ({"calib_dimension": {"w": "wide", "h": 3}}, "could not convert string"),
        ({"calib_dimension": {"w": 0, "h": 2160}}, "0 where a number from 1 to 100000 belongs"),
        ({"calib_dimension": {"w": 10**400, "h": 2160}}, "too large to convert to float"),
        ({"distortion_model": "poly5"}, "its distortion model 'poly5' is not one of opencv_fish"),
        ({"distortion_model": ["poly5"]}, "a value is missing or of another kind"),
        ({"digital_lens": "gopro_superview"}, "stretches its picture by 'gopro_superview'"),
        ({"input_horizontal_stretch": 1.33}, "its input_horizontal_stretch is 1.33"),
        ({"frame_readout_time": -5}, "-5 where a number from 0 to 1000"),
        ({"fisheye_params": {"camera_matrix": [], "distortion_coeffs": []}}, "a value is missing"),
        (
            {"fisheye_params": PROFILE["fisheye_params"] | {"distortion_coeffs": [1, 2]}},
            "it has 2 distortion coefficients, not 4",
        ),
        (
            {"fisheye_params": PROFILE["fisheye_params"] | {"distortion_coeffs": [1e400] * 4}},
            "inf where a number",
        ),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path, changed, complaint):
    with pytest.raises(InputError, match=rf"wide.json: not a lens profile .*{complaint}"):
        lens_profile.read(write(tmp_path, **changed))


@pytest.mark.parametrize("content", ["[]", "3", "null", "{}", '"text"'])
def test_other_json_is_refused(tmp_path, content):
    (tmp_path / "other.json").write_text(content)
    with pytest.raises(InputError, match=r"other\.json: not a lens profile of Gyroflow"):
        lens_profile.read(tmp_path / "other.json")

"""The limit in one pass, against the limit of a whole path."""

import numpy as np
import pytest

from dvs_jax import quaternion, smoothing
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath
from dvs_jax.errors import InputError
from dvs_jax.smoothing import CoverLimit, Exposure
from dvs_jax.smoothing.giving_way import GivingWay

CROP = 0.06


@pytest.fixture(scope="module")
def shaky() -> CameraPath:
    rng = np.random.default_rng(0)
    noise = np.cumsum(rng.normal(0.0, 0.012, (240, 3)), axis=0)
    time_ns = (np.arange(240) * 1e9 / 30).astype(np.int64)
    return CameraPath(time_ns, quaternion.from_rotation_vector(noise * [1.0, 1.0, 0.5]))


def limited(paths, exposure, look_ahead_s, portion):
    limit = CoverLimit(CROP, look_ahead_s)
    time_s = (paths[0].time_ns - paths[0].time_ns[0]) * 1e-9
    found = []
    for start in range(0, len(time_s), portion):
        part = slice(start, start + portion)
        levels = np.stack([path.quaternion[part] for path in paths])
        some = Exposure(exposure.camera, exposure.size, exposure.pose[part], exposure.ois[part])
        found.append(limit.push(time_s[part], levels, some))
    found.append(limit.finish())
    return [np.concatenate(each) for each in zip(*found, strict=True)]


@pytest.mark.parametrize("look_ahead_s", [0.0, 0.4, np.inf])
@pytest.mark.parametrize("portion", [1, 16, 240])
def test_one_pass_finds_what_the_whole_path_gives(shaky, look_ahead_s, portion):
    wanted = smoothing.smooth("gaussian", shaky)
    exposure = smoothing.global_shutter(Camera(), (1920, 1080), shaky)
    whole = smoothing.limit_to_cover([shaky, wanted], exposure, CROP, look_ahead_s)
    pose, kept = limited([shaky, wanted], exposure, look_ahead_s, portion)
    np.testing.assert_allclose(pose, whole.quaternion, atol=1e-9)
    # It had to give way, and gave way enough.
    assert np.abs(pose - wanted.quaternion).max() > 1e-3
    np.testing.assert_allclose(kept, smoothing.kept_fraction(exposure, pose))
    assert kept.min() >= 1.0 - 2.0 * CROP - 1e-5


def test_frames_that_nothing_covers_are_counted(shaky, caplog):
    exposure = smoothing.global_shutter(Camera(), (1920, 1080), shaky)
    ois = np.full((240, 1, 2), [0.3, 0.0])
    shifted = Exposure(exposure.camera, exposure.size, exposure.pose, ois)
    pose, _ = limited([shaky, shaky], shifted, 0.4, 16)
    np.testing.assert_allclose(np.abs((pose * shaky.quaternion).sum(axis=-1)), 1.0)
    assert "240 of 240 frames are not covered at a crop of 0.06" in caplog.text


@pytest.mark.parametrize(("crop", "look_ahead_s"), [(0.5, 1.0), (-0.1, 1.0), (0.1, np.nan)])
def test_impossible_limits(crop, look_ahead_s):
    with pytest.raises(InputError):
        CoverLimit(crop, look_ahead_s)


def test_memory_does_not_grow():
    giving_way = GivingWay(1.0)
    lengths = []
    for second in range(200):
        giving_way.push(second + np.arange(30) / 30, np.full(30, 0.1))
        lengths.append(len(giving_way._time_s))
    assert max(lengths[3:]) == lengths[3] <= 92

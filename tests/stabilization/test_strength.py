"""Strengths that are asked for."""

import numpy as np
import pytest

import dvs_jax
from dvs_jax import clip as clips
from dvs_jax import smoothing
from dvs_jax.camera_path import CameraPath
from dvs_jax.errors import InputError
from dvs_jax.methods import GivenPath, Smoothed
from dvs_jax.stabilization.strength import with_strength


def test_a_smoother_takes_as_many_times_its_usual_strength(walk):
    clip = clips.load_clip(walk)
    method = with_strength(Smoothed("gaussian"), 0.5)
    pose = np.stack([frame.pose for frame in method.frames(clip, iter(()), 0.45)])
    wanted = smoothing.smooth("gaussian", clips.real_path(clip), strength_s=0.25)
    np.testing.assert_allclose(np.abs((pose * wanted.quaternion).sum(axis=1)), 1.0, atol=1e-9)
    assert method.fingerprint() == {"smoother": "gaussian", "strength": 0.5}


def test_a_path_has_no_strength():
    path = CameraPath(np.arange(2), np.tile([0.0, 0.0, 0.0, 1.0], (2, 1)))
    with pytest.raises(InputError, match="this method has none; choose"):
        with_strength(GivenPath(path), 2.0)


@pytest.mark.parametrize("strength", [0.0, -1.0, 11.0, np.nan])
def test_impossible_strengths(strength):
    with pytest.raises(InputError, match=r"is impossible; give 0\.1 to 10"):
        with_strength(Smoothed(), strength)


def test_without_a_gyro_there_is_nothing_to_smooth(walk, tmp_path):
    clip = clips.load_clip(walk, read_sensors=False)
    with pytest.raises(InputError, match="needs the gyro"):
        dvs_jax.stabilize(clip, tmp_path, strength=2.0)

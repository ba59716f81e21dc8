"""The virtual camera stays within reach of the real one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax import quaternion, smoothing
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath
from dvs_jax.fused import reach

SIZE = (1920, 1080)
HERE = jnp.asarray([0.0, 0.0, 0.0, 1.0])


def turned(vector):
    return quaternion.from_rotation_vector(jnp.asarray(vector, jnp.float32))


def kept(poses):
    count = len(poses)
    real = CameraPath(np.arange(count), np.tile([0.0, 0.0, 0.0, 1.0], (count, 1)))
    exposure = smoothing.global_shutter(Camera(), SIZE, real)
    return smoothing.kept_fraction(exposure, np.asarray(poses, float))


def test_small_turns_are_left_alone():
    pose = turned([0.02, -0.05, 0.01])
    found = reach.limited(pose, HERE, jnp.float32(1.0))
    np.testing.assert_allclose(found, pose, atol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("crop", [0.05, 0.1, 0.2])
def test_any_turn_leaves_the_frame_covered(crop):
    """The reach is of first order in the angles: it may err where they are large."""
    vectors = np.random.default_rng(0).normal(0.0, 0.5, (2000, 3))
    strength = jnp.float32(reach.strength_of(crop, Camera(), SIZE))
    held = jax.vmap(lambda v: reach.limited(turned(v), HERE, strength))(vectors)
    used = (1.0 - kept(held)) / 2.0
    assert used.max() < crop * (1.0 + crop)
    assert np.median(used) > 0.8 * crop


@pytest.mark.slow
def test_gradients_are_finite_everywhere():
    def away(vector):
        pose = reach.limited(quaternion.from_rotation_vector(vector), HERE, jnp.float32(1.0))
        return quaternion.to_rotation_vector(pose).sum()

    for vector in (np.zeros(3), [1e-5, 0.0, 0.0], [0.1, 0.1, 0.1], [3.0, 0.0, 0.0]):
        assert np.isfinite(jax.grad(away)(jnp.asarray(vector, jnp.float32))).all()


def test_strength_of_a_longer_lens_is_smaller():
    twice = Camera(focal_length=(2 / 1.27, 2 / 1.27))
    np.testing.assert_allclose(reach.strength_of(0.1, Camera(), SIZE), 1.0)
    np.testing.assert_allclose(reach.strength_of(0.1, twice, SIZE), 0.5)
    np.testing.assert_allclose(reach.strength_of(0.05, Camera(), SIZE), 0.5)

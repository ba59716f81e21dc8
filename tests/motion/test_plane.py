"""Cameras over a plane, composed exactly."""

import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.motion import plane

CAMERA = jnp.array([0.2, -0.1, 0.3, 0.15])
OTHER = jnp.array([-0.05, 0.12, -0.2, 0.1])
POINTS = jnp.array([[0.0, 0.0], [0.4, -0.2], [-0.3, 0.25]])


def seen(camera, point):
    """What a camera sees of points of the plane: z (X − C), by complex numbers."""
    z = np.exp(float(camera[3]) + 1j * float(camera[2]))
    x = np.asarray(point[:, 0] + 1j * point[:, 1], complex)
    at = z * (x - complex(float(camera[0]), float(camera[1])))
    return np.stack([at.real, at.imag], axis=-1)


def test_the_plane_is_seen_where_it_lies():
    on_plane = plane.plane_of(POINTS, CAMERA)
    np.testing.assert_allclose(seen(CAMERA, np.asarray(on_plane)), POINTS, atol=1e-6)


def test_a_camera_over_anothers_picture_sees_the_same():
    relative = plane.seen_from(OTHER, CAMERA)
    in_other = seen(OTHER, np.asarray(POINTS))
    expected = seen(CAMERA, np.asarray(POINTS))
    np.testing.assert_allclose(seen(relative, in_other), expected, atol=1e-6)
    np.testing.assert_allclose(plane.seen_from(CAMERA, CAMERA), np.zeros(4), atol=1e-7)


def test_content_that_moves_is_where_the_later_camera_sees_it():
    motion = jnp.array([0.03, -0.02, 0.05, 0.01])
    z = np.exp(0.01 + 0.05j)
    before = seen(CAMERA, np.asarray(POINTS))
    moved = z * (before[:, 0] + 1j * before[:, 1]) + (0.03 - 0.02j)
    later = seen(plane.after(CAMERA, motion), np.asarray(POINTS))
    np.testing.assert_allclose(later[:, 0] + 1j * later[:, 1], moved, atol=1e-6)


@pytest.mark.parametrize("steps", [60])
def test_a_turn_about_a_place_beside_the_middle_leaves_it_there(steps):
    # Adding motions up per coordinate would let the place wander by angle × offset.
    place, angle = 0.3 + 0.1j, 0.02
    shift = place - np.exp(1j * angle) * place
    motion = jnp.array([shift.real, shift.imag, angle, 0.0])
    camera = jnp.zeros(4)
    for _ in range(steps):
        camera = plane.after(camera, motion)
    at = seen(camera, np.array([[0.3, 0.1]]))
    np.testing.assert_allclose(at, [[0.3, 0.1]], atol=1e-5)

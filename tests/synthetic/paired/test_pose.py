import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.synthetic.paired import inverse, lattice, matrix, moved, vertices

SIZE = (320, 180)
STILL = jnp.zeros(6)
POSE = jnp.asarray([35.0, -20.0, 0.07, 0.1, 0.03, -0.02])
OTHER = jnp.asarray([10.0, 4.0, -0.02, -0.05, 0.01, 0.02])


def only(place: int, value: float) -> jax.Array:
    return STILL.at[place].set(value)


def grid() -> np.ndarray:
    x, y = np.meshgrid(np.linspace(-1, 1, 5), np.linspace(-1, 1, 5))
    return np.stack([x, y], axis=-1)


def test_to_the_scene_and_back_is_the_identity():
    both = inverse(POSE) @ matrix(POSE)
    np.testing.assert_allclose(both / both[2, 2], np.eye(3), atol=2e-5)


def test_equal_poses_have_a_regular_grid():
    np.testing.assert_allclose(vertices(POSE, POSE, SIZE), grid(), atol=1e-5)


def test_a_frame_farther_right_has_the_steady_one_to_its_left():
    expected = grid() - np.array([32.0 / 320.0, 18.0 / 180.0])
    shaky = jnp.asarray([32.0, 18.0, 0, 0, 0, 0])
    np.testing.assert_allclose(vertices(shaky, STILL, SIZE), expected, atol=1e-6)


def test_a_frame_rolled_clockwise_has_the_steady_ones_right_edge_turned_upwards():
    shown = vertices(only(2, np.pi / 2), STILL, (100, 100))
    np.testing.assert_allclose(shown[2, 4], [0.0, -1.0], atol=1e-6)


def test_a_zoomed_frame_has_the_steady_one_around_itself():
    np.testing.assert_allclose(
        vertices(only(3, np.log(1.25)), STILL, SIZE), 1.25 * grid(), atol=1e-6
    )


def test_tilts_tell_how_much_farther_away_the_edge_is():
    right, below = moved(
        jnp.asarray([[320.0, 0.0], [0.0, 320.0]]), jnp.asarray([0, 0, 0, 0, 0.25, 0.6]), STILL
    )
    np.testing.assert_allclose(right, [320.0 / 1.25, 0.0], rtol=1e-6)
    np.testing.assert_allclose(below, [0.0, 320.0 / 1.6], rtol=1e-6)


def test_a_turning_pinhole_camera_is_told_by_shift_and_tilt():
    focal, yaw = 600.0, 0.01
    camera = np.diag([focal, focal, 1.0])
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    seen = np.asarray(lattice(5, 5, SIZE)).reshape(-1, 2)
    true = camera @ turn @ np.linalg.inv(camera) @ np.c_[seen, np.ones(25)].T
    pose = jnp.asarray([focal * yaw, 0, 0, 0, -320.0 * yaw / focal, 0])
    told = moved(jnp.asarray(seen), pose, STILL)
    np.testing.assert_allclose(told, (true[:2] / true[2]).T, atol=2 * 320 * yaw**2)


@pytest.mark.slow
def test_points_go_through_a_third_frame():
    points = lattice(3, 4, SIZE)
    through = moved(moved(points, POSE, STILL), STILL, OTHER)
    np.testing.assert_allclose(through, moved(points, POSE, OTHER), atol=2e-4)


@pytest.mark.parametrize("size", [(320, 180), (640, 360), (64, 36)])
def test_vertices_depend_on_the_ratio_of_the_sides_alone(size):
    np.testing.assert_array_equal(vertices(POSE, OTHER, size), vertices(POSE, OTHER, SIZE))

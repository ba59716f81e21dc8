import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax import camera, quaternion
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath, pose_at

SIZE = (1920, 1080)


@pytest.fixture(scope="module")
def geometry(golden):
    return np.load(golden / "dvs/geometry.npz")


@pytest.fixture(scope="module")
def rows(golden, geometry):
    """Poses and lens shifts of every row of every frame, from the recorded gyro path."""
    extended, frame = geometry["gyro_extended"], geometry["frame"]
    path = CameraPath(np.rint(extended[:, 0]).astype(np.int64), extended[:, 1:])
    delay = frame[:, 3:4] * camera.row_fractions()
    real = pose_at(path, np.rint(frame[:, 0:1] + delay).astype(np.int64), "identity")
    log = np.loadtxt(golden / "dvs/clip/clip_ois.txt")
    shift = [np.interp(frame[:, 4:5] + delay, log[:, 2], log[:, axis]) for axis in (0, 1)]
    return real, np.stack(shift, axis=-1) / Camera().ois_window


def test_golden_projections(geometry, rows):
    wanted = geometry["projections_rs"]
    found = camera.projection(Camera(), SIZE, *rows)
    # The official program divides queried quaternions by (norm + 1e-6).
    np.testing.assert_allclose(found, wanted, atol=2e-6 * np.abs(wanted).max())


def test_golden_projections_of_a_global_shutter_without_ois(geometry):
    wanted = geometry["projections_noshutter_noois"]
    extended, frame = geometry["gyro_extended"], geometry["frame"]
    path = CameraPath(np.rint(extended[:, 0]).astype(np.int64), extended[:, 1:])
    center_ns = np.rint(frame[:, 0] + frame[:, 3] / 2).astype(np.int64)
    pose = pose_at(path, center_ns, "identity")
    found = camera.projection(Camera(), SIZE, pose, np.zeros((len(frame), 2)))
    every_row = np.broadcast_to(found[:, None], (len(frame), camera.GRID_ROWS, 3, 3))
    np.testing.assert_allclose(every_row, wanted, atol=2e-6 * np.abs(wanted).max())


def test_golden_grid(geometry, rows):
    real, shift = (array[:-1] for array in rows)
    virtual = geometry["virtual"][:-1, 1:]
    grid = camera.warp_grid(Camera(), SIZE, real, shift, virtual)
    np.testing.assert_allclose(grid, geometry["grid"], atol=1e-5)


def test_inverse_intrinsic_matrix():
    lens = Camera(focal_length=(0.7, 0.71), principal_point=(0.51, 0.48))
    shift = np.array([[0.01, -0.02], [0.0, 0.03]])
    product = camera.intrinsic_matrix(lens, SIZE, shift) @ camera.inverse_intrinsic_matrix(
        lens, SIZE, shift
    )
    np.testing.assert_allclose(product, np.broadcast_to(np.eye(3), (2, 3, 3)), atol=1e-12)


def test_same_pose_leaves_every_vertex():
    pose = quaternion.from_rotation_vector(np.array([0.1, 0.2, -0.3]))
    grid = camera.warp_grid(Camera(), SIZE, np.broadcast_to(pose, (12, 4)), np.zeros((12, 2)), pose)
    np.testing.assert_allclose(grid[..., :2], grid[..., 2:], atol=1e-12)


def test_a_camera_turned_right_sees_the_world_move_left():
    # Turning the camera right by a moves what was ahead to x = -tan(a) (x right, z forward).
    angle = 0.1
    pose = quaternion.from_rotation_vector(np.array([0.0, -angle, 0.0]))
    ahead = camera.projection(Camera(), SIZE, pose, np.zeros(2)) @ np.array([0.0, 0.0, 1.0])
    expected = (SIZE[0] - 1) / 2 - np.tan(angle) * SIZE[0] / 1.27
    np.testing.assert_allclose(ahead[0] / ahead[2], expected)


def test_sizes_describe_the_same_camera():
    pose = quaternion.from_rotation_vector(np.array([[0.02, -0.05, 0.03]]))
    real = np.broadcast_to(quaternion.identity(), (1, 12, 4))
    small = camera.warp_grid(Camera(), (480, 270), real, np.zeros((1, 12, 2)), pose)
    large = camera.warp_grid(Camera(), (3840, 2160), real, np.zeros((1, 12, 2)), pose)
    # Half a pixel between centre and corner is all that differs.
    np.testing.assert_allclose(small, large, atol=0.2 / 270)


@pytest.mark.slow
@pytest.mark.parametrize("degrees", [0.0, 89.0, 90.0, 120.0, 180.0])
def test_grid_and_gradient_stay_finite_behind_the_camera(degrees):
    real = jnp.broadcast_to(jnp.asarray([0.0, 0.0, 0.0, 1.0]), (12, 4))
    pose = jnp.asarray(
        quaternion.from_rotation_vector(np.radians([0.0, degrees, 0.0])), jnp.float32
    )

    def total(virtual):
        return camera.warp_grid(Camera(), SIZE, real, jnp.zeros((12, 2)), virtual).sum()

    value, gradient = jax.value_and_grad(total)(pose)
    assert np.isfinite(value) and np.isfinite(gradient).all()


def test_batches_and_device_agree_with_the_host(rows):
    real, shift = rows
    virtual = real[:, 0]
    host = camera.warp_grid(Camera(), SIZE, real, shift, virtual)
    one = camera.warp_grid(Camera(), SIZE, real[3], shift[3], virtual[3])
    device = jax.jit(camera.warp_grid, static_argnums=(0, 1))(
        Camera(), SIZE, *(jnp.asarray(array, jnp.float32) for array in (real, shift, virtual))
    )
    np.testing.assert_array_equal(host[3], one)
    np.testing.assert_allclose(device, host, atol=1e-5)


def test_focal_length_is_relative_to_width_and_to_height() -> None:
    focal = camera.relative_focal_length(Camera(), (1920, 1080))
    np.testing.assert_allclose(focal, [1 / 1.27, 1920 / 1080 / 1.27], rtol=1e-6)


def test_a_camera_is_a_pytree_whose_numbers_are_traced():
    wide, narrow = (Camera((focal, focal), calibrated_size=(640.0, 480.0)) for focal in (0.5, 2.0))
    counted = jax.jit(lambda camera: camera.focal_length[0] * camera.calibrated_size[0])
    assert [float(counted(each)) for each in (wide, narrow)] == [320.0, 1280.0]
    assert counted._cache_size() == 1
    other_axes = Camera((0.5, 0.5), gyro_axes=("x", "y", "z"))
    assert jax.tree.structure(wide) != jax.tree.structure(other_axes)
    assert jax.tree.map(lambda number: number, wide) == wide

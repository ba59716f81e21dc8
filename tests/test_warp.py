import cv2
import numpy as np
import pytest

from dvs_jax import camera, quaternion, warp
from dvs_jax.camera import Camera


def grid_of(size, degrees, rows=12):
    """A grid whose virtual camera is turned against a camera that itself moves during readout."""
    ends = quaternion.from_rotation_vector(np.radians([[0.0, 0.0, 0.0], [1.0, 0.5, 0.7]]))
    share = np.linspace(0.0, 1.0, rows)
    real = quaternion.slerp(
        np.broadcast_to(ends[0], (rows, 4)), np.broadcast_to(ends[1], (rows, 4)), share
    )
    virtual = quaternion.from_rotation_vector(np.radians(degrees))
    return camera.warp_grid(Camera(), size, real, np.zeros((rows, 2)), virtual)


def textured(size, seed=0):
    noise = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 3)


def test_golden_warp(golden):
    numbers = np.load(golden / "dvs/warp.npz")
    warped = warp.warp_frame(numbers["image"], numbers["grid"], 1.0, "black")
    covered = (numbers["warped"].sum(axis=-1) > 0).astype(np.uint8)
    inside = cv2.erode(covered, np.ones((5, 5))) > 0
    difference = np.abs(warped.astype(int) - numbers["warped"])[inside]
    assert inside.mean() > 0.6
    assert difference.mean() <= 2.0


@pytest.mark.parametrize("degrees", [[0, 0, 0], [5, -4, 3], [0, 0, 30], [-15, 10, -20]], ids=str)
def test_positions_invert_the_grid(degrees):
    grid = grid_of((1920, 1080), degrees)
    source = np.random.default_rng(1).uniform(0.0, 1.0, (500, 2))
    landed = warp._land(warp._cells(grid), source)[0]
    found = warp.source_positions(grid, landed)
    np.testing.assert_allclose(found, source, atol=0.05 / 1080)


def test_map_is_the_projection_it_stands_for():
    size = (1920, 1080)
    real = np.broadcast_to(quaternion.identity(), (34, 4))
    virtual = quaternion.from_rotation_vector(np.radians([3.0, -5.0, 8.0]))
    grid = camera.warp_grid(Camera(), size, real, np.zeros((34, 2)), virtual)
    found = warp.backward_map(grid, size, 1.0)
    back = camera.homography(Camera(), size, virtual, real[0], np.zeros(2), np.zeros(2))
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    pixels = np.stack([x, y], axis=-1).astype(float)
    exact = camera.apply_homography(np.broadcast_to(back, (*pixels.shape[:2], 3, 3)), pixels)
    inside = ((exact >= 0) & (exact < size)).all(axis=-1)
    assert np.abs(found - exact)[inside].max() < 0.1


@pytest.mark.parametrize("size", [(320, 180), (180, 320), (333, 111)], ids=str)
def test_same_pose_changes_nothing(size):
    real = np.broadcast_to(quaternion.identity(), (12, 4))
    grid = camera.warp_grid(Camera(), size, real, np.zeros((12, 2)), real[0])
    frame = textured(size)
    np.testing.assert_array_equal(warp.warp_frame(frame, grid, 1.0, "black"), frame)


def test_crop_scales_the_middle_up():
    size = (320, 180)
    frame, grid = textured(size), grid_of(size, [1, 2, 3])
    whole = warp.warp_frame(frame, grid, 1.0, "black")
    scale = np.array([[2.0, 0.0, -159.5], [0.0, 2.0, -89.5]])
    zoomed = cv2.warpAffine(whole, scale, size)
    cropped = warp.warp_frame(frame, grid, 0.5, "black")
    assert np.abs(zoomed.astype(int) - cropped)[4:-4, 4:-4].mean() < 1.0


def test_uncovered_pixels_are_black_or_reflected():
    size = (320, 180)
    frame = np.full((180, 320, 3), 200, np.uint8)
    grid = grid_of(size, [0, 12, 0])
    black = warp.warp_frame(frame, grid, 1.0, "black")
    assert (black == 0).all(axis=-1).mean() > 0.1
    assert (warp.warp_frame(frame, grid, 1.0, "reflect") == 200).all()

import cv2
import numpy as np
import pytest

from dvs_jax import camera, quaternion
from dvs_jax.camera import Camera
from dvs_jax.warping import doubling, grid, mesh
from dvs_jax.warping import host as warp


def grid_of(size, degrees, rows=12):
    """A grid whose virtual camera is turned against a camera that itself moves during readout."""
    ends = quaternion.from_rotation_vector(np.radians([[0.0, 0.0, 0.0], [1.0, 0.5, 0.7]]))
    share = np.linspace(0.0, 1.0, rows)
    real = quaternion.slerp(
        np.broadcast_to(ends[0], (rows, 4)), np.broadcast_to(ends[1], (rows, 4)), share
    )
    virtual = quaternion.from_rotation_vector(np.radians(degrees))
    return camera.warp_grid(Camera(), size, real, np.zeros((rows, 2)), virtual)


def source_of(size, degrees):
    """The backward grid of the same."""
    return mesh.backward_grid(grid_of(size, degrees), size, grid.shape_for(size))


def textured(size, seed=0):
    noise = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 3)


def test_golden_warp(golden):
    numbers = np.load(golden / "dvs/warp.npz")
    size = numbers["image"].shape[1::-1]
    source = mesh.backward_grid(numbers["grid"], size, grid.shape_for(size))
    warped = warp.warp_frame(numbers["image"], source, 1.0, "black")
    covered = (numbers["warped"].sum(axis=-1) > 0).astype(np.uint8)
    inside = cv2.erode(covered, np.ones((5, 5))) > 0
    difference = np.abs(warped.astype(int) - numbers["warped"])[inside]
    assert inside.mean() > 0.6
    assert difference.mean() <= 2.0


@pytest.mark.parametrize("degrees", [[0, 0, 0], [5, -4, 3], [0, 0, 30], [-15, 10, -20]], ids=str)
def test_positions_invert_the_grid(degrees):
    landing = grid_of((1920, 1080), degrees)
    source = np.random.default_rng(1).uniform(0.0, 1.0, (500, 2))
    landed = mesh._land(mesh._cells(landing), source)[0]
    found = mesh.source_positions(landing, landed)
    np.testing.assert_allclose(found, source, atol=0.05 / 1080)


def test_map_is_the_projection_it_stands_for():
    size = (1920, 1080)
    real = np.broadcast_to(quaternion.identity(), (34, 4))
    virtual = quaternion.from_rotation_vector(np.radians([3.0, -5.0, 8.0]))
    landing = camera.warp_grid(Camera(), size, real, np.zeros((34, 2)), virtual)
    source = mesh.backward_grid(landing, size, grid.shape_for(size))
    found = shown_positions(source, size)
    back = camera.homography(Camera(), size, virtual, real[0], np.zeros(2), np.zeros(2))
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    pixels = np.stack([x, y], axis=-1).astype(float)
    exact = camera.apply_homography(np.broadcast_to(back, (*pixels.shape[:2], 3, 3)), pixels)
    inside = ((exact >= 0) & (exact <= np.array(size) - 1)).all(axis=-1)
    assert inside.mean() > 0.6
    assert np.abs(found - exact)[inside].max() < 0.1


def shown_positions(source, size):
    """The source pixel that each pixel shows, read off a source whose values are its positions."""
    x, y = np.meshgrid(*(np.arange(length, dtype=np.float32) for length in size))
    ramp = np.stack([x, y], axis=-1)
    drawn = np.empty_like(ramp)
    lattice = warp.lattice_map(source, size, 1.0)
    warp._sample(ramp, lattice, warp.LATTICE_STEP, drawn, "black", -1, sharp=False)
    return drawn


@pytest.mark.parametrize("border", ["black", "reflect"])
@pytest.mark.parametrize("size", [(320, 180), (333, 431), (97, 64), (64, 1000)], ids=str)
def test_planes_are_drawn_as_each_is_at_once(monkeypatch, size, border):
    """Whatever the tiles and the channels that are drawn together."""
    monkeypatch.setattr(warp, "_TILE_COLUMNS", 4)
    (width, height), rng = size, np.random.default_rng(3)
    half = (height + 1) // 2, (width + 1) // 2
    source = [rng.integers(0, 255, shape, np.uint8) for shape in ((height, width), half, half)]
    lattice = warp.lattice_map(source_of(size, [2, 4, 6]), size, 0.9)
    evens = [(height // 2 * 2, width // 2 * 2), *[(height // 2, width // 2)] * 2]
    drawn = [np.empty(shape, np.uint8) for shape in evens]
    warp.warp_planes(source, lattice, border, drawn)
    chroma = (lattice + 0.5) / 2.0 - 0.5
    for plane, found in zip(source[1:], drawn[1:], strict=True):
        np.testing.assert_array_equal(found, at_once(plane, chroma, 16, found.shape, border, 128))
    # Positions in a tile are rounded to 1/64 pixel from where the tile's part of the source begins.
    whole = at_once(doubling.doubled(source[0]), 2.0 * lattice, 32, evens[0], border, 16)
    apart = np.abs(drawn[0].astype(int) - whole)
    assert apart.max() <= 2
    assert apart.mean() < 0.01


def at_once(plane, lattice, step, shape, border, black):
    """A plane sampled bilinearly, in one piece."""
    fine = cv2.resize(lattice, None, fx=step, fy=step)[step:, step:]
    positions = np.ascontiguousarray(fine[: shape[0], : shape[1]])
    kind = cv2.BORDER_CONSTANT if border == "black" else cv2.BORDER_REFLECT_101
    return cv2.remap(plane, positions, None, cv2.INTER_LINEAR, borderMode=kind, borderValue=black)


@pytest.mark.parametrize("shift", [-2.5, -0.7, 0.7, 2.5])
@pytest.mark.parametrize("border", ["black", "reflect"])
def test_pictures_far_aside_have_the_borders_of_the_whole(border, shift):
    """The part of the source that a tile depends on includes what is mirrored into it."""
    size = (192, 108)
    luma = textured(size)[..., 0].copy()
    lattice = warp.lattice_map(grid.output_points(4, 4) + np.array([shift, 0.6 * shift]), size, 0.9)
    drawn = np.empty_like(luma)
    warp._sample(luma, lattice, 32, drawn, border, 16, sharp=True)
    whole = at_once(doubling.doubled(luma), 2.0 * lattice, 32, luma.shape, border, 16)
    assert np.abs(drawn.astype(int) - whole).max() <= 1


@pytest.mark.parametrize("nothing", [np.nan, np.inf])
def test_a_point_without_meaning_spoils_only_what_is_near_it(nothing):
    size = (320, 180)
    frame, source = textured(size), grid.output_points(*grid.shape_for(size)).astype(np.float32)
    source[2, 3] = nothing
    drawn = warp.warp_frame(frame, source, 1.0, "black")
    spoiled = (drawn != frame).any(axis=-1)
    assert 0.0 < spoiled.mean() < 0.2
    assert (drawn[spoiled] == 0).all()


def test_frames_wider_than_opencv_samples_doubled():
    size = (16400, 64)
    frame = np.tile(textured((164, 64)), (1, 100, 1))
    source = grid.output_points(4, 4).astype(np.float32)
    np.testing.assert_array_equal(warp.warp_frame(frame, source, 1.0, "black"), frame)
    assert frame.shape[1::-1] == size


@pytest.mark.parametrize("size", [(320, 180), (180, 320), (333, 111)], ids=str)
def test_same_pose_changes_nothing(size):
    real = np.broadcast_to(quaternion.identity(), (12, 4))
    landing = camera.warp_grid(Camera(), size, real, np.zeros((12, 2)), real[0])
    source = mesh.backward_grid(landing, size, grid.shape_for(size))
    frame = textured(size)
    np.testing.assert_array_equal(warp.warp_frame(frame, source, 1.0, "black"), frame)


def test_crop_scales_the_middle_up():
    size = (320, 180)
    frame, source = textured(size), source_of(size, [1, 2, 3])
    whole = warp.warp_frame(frame, source, 1.0, "black")
    scale = np.array([[2.0, 0.0, -159.5], [0.0, 2.0, -89.5]])
    zoomed = cv2.warpAffine(whole, scale, size)
    cropped = warp.warp_frame(frame, source, 0.5, "black")
    assert np.abs(zoomed.astype(int) - cropped)[4:-4, 4:-4].mean() < 1.0


def test_uncovered_pixels_are_black_or_reflected():
    size = (320, 180)
    frame = np.full((180, 320, 3), 200, np.uint8)
    source = source_of(size, [0, 12, 0])
    black = warp.warp_frame(frame, source, 1.0, "black")
    assert (black == 0).all(axis=-1).mean() > 0.1
    assert (warp.warp_frame(frame, source, 1.0, "reflect") == 200).all()

"""Drawing on the device against drawing on the host."""

import cv2
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax import camera, quaternion
from dvs_jax.camera import Camera
from dvs_jax.warping import device as device_warp
from dvs_jax.warping import host as warp
from dvs_jax.warping.host import Border


def grid_of(size: tuple[int, int], degrees: list[float], rows: int = 12) -> np.ndarray:
    """A grid whose virtual camera is turned against a camera that moves during the readout."""
    ends = quaternion.from_rotation_vector(np.radians([[0.0, 0.0, 0.0], [1.0, 0.5, 0.7]]))
    first, last = (np.broadcast_to(end, (rows, 4)) for end in ends)
    real = quaternion.slerp(first, last, np.linspace(0.0, 1.0, rows))
    virtual = quaternion.from_rotation_vector(np.radians(degrees))
    return camera.warp_grid(Camera(), size, real, np.zeros((rows, 2)), virtual)


def textured(size: tuple[int, int], seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 3)


def difference(frames: np.ndarray, grids: np.ndarray, kept: float, border: Border) -> np.ndarray:
    drawn = device_warp.warp_frames(
        jnp.asarray(frames), jnp.asarray(grids, jnp.float32), kept, border
    )
    host = [warp.warp_frame(*pair, kept, border) for pair in zip(frames, grids, strict=True)]
    return np.abs(np.array(host).astype(int) - np.asarray(drawn))


@pytest.mark.parametrize("size", [(320, 180), (333, 111), (64, 200)], ids=str)
@pytest.mark.parametrize(("border", "kept"), [("black", 1.0), ("reflect", 1.0), ("black", 0.8)])
def test_device_draws_what_the_host_draws(size, border, kept):
    frames = np.stack([textured(size, seed) for seed in range(3)])
    grids = np.stack([grid_of(size, degrees) for degrees in ([2, 1, 3], [-4, 0, 9], [0, 6, -2])])
    apart = difference(frames, grids, kept, border)
    assert apart.max() <= 2
    assert apart.mean() < 0.2


@pytest.mark.parametrize("size", [(333, 111), (1920, 1080)], ids=str)
def test_lattices_are_the_hosts(size):
    grids = [grid_of(size, degrees) for degrees in ([3, -5, 8], [0, 2, -1], [0, 0, 0])]
    kept = [[0.9, 1.0], [0.7, 1.0], [0.8, 1.0]]
    found = device_warp.lattice_maps(*(np.array(each, np.float32) for each in (grids, kept)), size)
    for lattices, grid, shares in zip(found, grids, kept, strict=True):
        for lattice, share in zip(lattices, shares, strict=True):
            np.testing.assert_allclose(lattice, warp.lattice_map(grid, size, share), atol=2e-3)


def test_same_pose_changes_nothing(size=(97, 50)):
    real = np.broadcast_to(quaternion.identity(), (12, 4))
    grid = camera.warp_grid(Camera(), size, real, np.zeros((12, 2)), real[0])
    assert difference(textured(size)[None], grid[None], 1.0, "black").max() == 0


def test_positions_without_meaning_are_border():
    position = jnp.asarray([[[jnp.nan, 1.0], [jnp.inf, 1.0], [1e9, -1e9], [2.0, 3.0]]])
    frame = jnp.full((8, 8, 1), 50, jnp.uint8)
    black = jnp.asarray([16.0])
    found = device_warp.sample(frame, position, "black", black)
    assert found.ravel().tolist() == [16, 16, 16, 50]
    found = device_warp.sample(frame, position, "reflect", black)
    assert found.ravel().tolist() == [50] * 4


def test_planes_without_a_picture_are_the_black_of_video():
    luma, chroma = jnp.full((37, 65), 200, jnp.uint8), jnp.full((19, 33, 2), 90, jnp.uint8)
    grid = jnp.asarray(grid_of((65, 37), [0, 0, 0]), jnp.float32)
    aside = grid.at[..., 0].add(0.5)
    luma, chroma = device_warp.warp_planes(luma, chroma, aside, jnp.float32(1.0), "black")
    assert (luma.shape, chroma.shape) == ((36, 64), (18, 32, 2))
    assert (np.asarray(luma)[:, :28] == 16).all()
    assert (np.asarray(luma)[:-2, 40:] == 200).all()
    assert (np.asarray(chroma)[:, :14] == 128).all()
    assert (np.asarray(chroma)[:-2, 20:] == 90).all()


def test_every_crop_shares_one_compilation():
    frames = jnp.asarray(textured((64, 36)))[None]
    grids = jnp.asarray(grid_of((64, 36), [1, 2, 3]), jnp.float32)[None]
    device_warp.warp_frames.clear_cache()
    for kept in (1.0, 0.9, 0.75):
        device_warp.warp_frames(frames, grids, kept, "black")
    assert device_warp.warp_frames._cache_size() == 1


def test_nothing_moves_between_host_and_device_unseen():
    frames = jax.device_put(textured((64, 36))[None])
    grids = jax.device_put(grid_of((64, 36), [1, 2, 3]).astype(np.float32)[None])
    kept = jax.device_put(np.float32(0.9))
    device_warp.warp_frames(frames, grids, kept, "black")
    with jax.transfer_guard("disallow"):
        device_warp.warp_frames(frames, grids, kept, "black")

"""Frames drawn on the device against the same frames drawn on the host by OpenCV."""

from functools import partial
from typing import NamedTuple

import cv2
import jax
import numpy as np
import pytest

from dvs_jax import camera, quaternion
from dvs_jax.camera import Camera
from dvs_jax.stabilization.devices.draw import DrawStretch, Planes, draw
from dvs_jax.warping import device, grid, host
from dvs_jax.warping.mesh import backward_grid
from dvs_jax.warping.turning import source_grids

pytestmark = pytest.mark.accelerator

FRAMES, ROWS, KEPT = 3, 34, 0.9


class Poses(NamedTuple):
    """Of a camera that turns during the readout, [frame, row, 4 or 2], and of one that is still."""

    real: np.ndarray
    ois: np.ndarray
    virtual: np.ndarray


@pytest.fixture(scope="module")
def poses() -> Poses:
    rng = np.random.default_rng(0)
    turn = np.cumsum(rng.normal(0.0, 0.002, (FRAMES, ROWS, 3)), axis=1)
    return Poses(
        quaternion.from_rotation_vector(turn).astype(np.float32),
        rng.normal(0.0, 0.002, (FRAMES, ROWS, 2)).astype(np.float32),
        quaternion.from_rotation_vector(rng.normal(0.0, 0.03, (FRAMES, 3))).astype(np.float32),
    )


@pytest.fixture(scope="module")
def sources(poses, size) -> np.ndarray:
    """The backward grids that the host makes of them in float64."""
    meshes = camera.warp_grid(Camera(), size, *(each.astype(np.float64) for each in poses))
    return np.stack([backward_grid(mesh, size, grid.shape_for(size)) for mesh in meshes])


def textured(width: int, height: int, channels: int) -> np.ndarray:
    noise = np.random.default_rng(1).integers(0, 255, (FRAMES, height, width, channels), np.uint8)
    return np.stack([cv2.GaussianBlur(each, (0, 0), 3) for each in noise])


def test_grids(poses, sources, size, agree):
    """Solved for by products of matrices, which are told to be exact."""
    found = source_grids(Camera(), *jax.device_put(poses), size=size, shape=grid.shape_for(size))
    agree("warp, source positions", np.asarray(found) * size, sources * size, 0.02, "px")


def test_pictures(sources, size, agree, within):
    frames, sources = textured(*size, 3), sources.astype(np.float32)
    arrays = map(jax.device_put, (frames, sources, np.float32(KEPT)))
    found = np.asarray(device.warp_frames(*arrays, "black"))
    wanted = [host.warp_frame(*each, KEPT, "black") for each in zip(frames, sources, strict=True)]
    agree("warp, RGB", found, wanted, 2, "levels")
    within("warp, RGB, on average", np.abs(found - np.float64(wanted)).mean(), 0.2, "levels")


def test_planes(sources, size, agree):
    width, height = size
    luma, chroma = textured(width, height, 1), textured(width // 2, height // 2, 2)
    luma, sources = luma.reshape(FRAMES, height, width), sources.astype(np.float32)
    shares = np.full((FRAMES, 1), KEPT, np.float32)
    stretch = jax.device_put(DrawStretch(Planes(luma, chroma), sources, shares))
    found = jax.device_get(jax.jit(partial(draw, border="black"))(stretch))
    wanted = Planes(np.empty_like(luma), np.empty_like(chroma))
    for index, source in enumerate(sources):
        planes = [luma[index], *(chroma[index, ..., part].copy() for part in (0, 1))]
        drawn = [np.empty_like(plane) for plane in planes]
        host.warp_planes(planes, host.lattice_map(source, size, KEPT), "black", drawn)
        wanted.luma[index], wanted.chroma[index] = drawn[0], np.stack(drawn[1:], axis=-1)
    agree("warp, luma", found.luma[:, 0], wanted.luma, 2, "levels")
    agree("warp, chroma", found.chroma[:, 0], wanted.chroma, 2, "levels")

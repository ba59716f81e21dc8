"""Clips drawn side by side on the devices, against each drawn alone on the host."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import cv2
import jax
import numpy as np
import pytest
import virtual_devices

from dvs_jax import quaternion
from dvs_jax.camera import Camera
from dvs_jax.stabilization.devices.draw import Planes, draw
from dvs_jax.stabilization.devices.lanes import Program, drive, without_weights
from dvs_jax.stabilization.devices.tasks import DrawnFrame, DrawTask
from dvs_jax.warping import grid, host
from dvs_jax.warping.turning import source_grids

SIZE = (96, 64)  # width and height
ROWS = 12
KEPT = (1.0, 0.8)


class Clip:
    """A few textured frames, a camera that shakes during their readout, and one that does not."""

    def __init__(self, frames: int, seed: int):
        rng = np.random.default_rng(seed)
        self.camera = Camera((0.7 + 0.1 * seed, 0.8), (0.5, 0.49))
        luma, chroma = (
            rng.integers(0, 255, (frames, SIZE[1] // part, SIZE[0] // part, channels), np.uint8)
            for part, channels in ((1, 1), (2, 2))
        )
        self.pictures = [
            Planes(*(cv2.GaussianBlur(plane, (0, 0), 3) for plane in both))
            for both in zip(luma, chroma, strict=True)
        ]
        turn = np.cumsum(rng.normal(0.0, 0.003, (frames, ROWS, 3)), axis=1)
        self.pose = quaternion.from_rotation_vector(turn)
        self.ois = rng.normal(0.0, 0.005, (frames, ROWS, 2))
        self.virtual = quaternion.from_rotation_vector(rng.normal(0.0, 0.03, (frames, 3)))
        moved = map(np.float32, (self.pose, self.ois, self.virtual))
        shape = grid.shape_for(SIZE)
        self.sources = np.asarray(source_grids(self.camera, *moved, size=SIZE, shape=shape))
        self.drawn: list[Planes] = []

    def task(self) -> DrawTask:
        kept = np.float32(KEPT)
        frames = [DrawnFrame(*both, kept) for both in zip(self.pictures, self.sources, strict=True)]
        return DrawTask(frames, self.drawn.append, lambda error: None)

    def on_host(self) -> list[np.ndarray]:
        """Every plane of every video of every frame."""
        drawn = []
        for (luma, chroma), source in zip(self.pictures, self.sources, strict=True):
            planes = [luma, chroma[..., 0].copy(), chroma[..., 1].copy()]
            for kept in KEPT:
                drawn += [np.empty_like(plane) for plane in planes]
                lattice = host.lattice_map(source, SIZE, kept)
                host.warp_planes(planes, lattice, "black", drawn[-3:])
        return drawn

    def on_devices(self) -> list[np.ndarray]:
        return [
            plane
            for luma, chroma in self.drawn
            for video in range(len(KEPT))
            for plane in (luma[video], chroma[video, ..., 0], chroma[video, ..., 1])
        ]


def program(lanes_per_device: int = 2) -> Program:
    step = without_weights(partial(draw, border="black"))
    return Program(step, lambda _: (), (), lanes_per_device)


def apart(clips: list[Clip]) -> np.ndarray:
    pairs = (zip(clip.on_host(), clip.on_devices(), strict=True) for clip in clips)
    return np.concatenate(
        [np.abs(host.astype(int) - device).ravel() for each in pairs for host, device in each]
    )


@pytest.mark.slow
def test_clips_of_any_length_and_camera_are_drawn_as_on_the_host():
    clips = [Clip(length, seed) for seed, length in enumerate((5, 8, 21))]
    drawing = program()
    assert [each.error for each in drive(drawing, [clip.task() for clip in clips])] == [None] * 3
    assert apart(clips).max() <= 2
    assert apart(clips).mean() < 0.01
    assert drawing.compiled._cache_size() == 1


@pytest.mark.slow
def test_nothing_goes_to_the_device_unseen():
    drawing = program()
    first, second = Clip(9, 0), Clip(9, 1)
    list(drive(drawing, [first.task()]))
    with jax.transfer_guard_host_to_device("disallow"):
        assert [each.error for each in drive(drawing, [second.task()])] == [None]


def draw_on_all_devices() -> None:
    """What the process with eight devices does."""
    clips = [Clip(length, seed) for seed, length in enumerate((5, 8, 21, 9, 1, 16, 3, 4, 2, 30))]
    drawing = program(lanes_per_device=1)
    assert drawing.lanes == len(jax.devices()) == 8
    _, output = drawing((), drawing.put([next(clip.task().feed()).arrays for clip in clips[:8]]))
    assert output.luma.sharding.device_set == set(jax.devices())
    ended = list(drive(drawing, [clip.task() for clip in clips]))
    assert len(ended) == 10
    assert {each.error for each in ended} == {None}
    print(apart(clips).max(), drawing.compiled._cache_size())


@pytest.mark.slow
def test_eight_devices_share_the_clips():
    environment = os.environ | {
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": virtual_devices.flags(8),
        "PYTHONPATH": os.pathsep.join(map(str, Path(__file__).parents[2:4])),
    }
    code = "from tests.stabilization.devices.test_draw import draw_on_all_devices as run; run()"
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    largest, compilations = ended.stdout.split()
    assert int(largest) <= 2
    assert int(compilations) == 1

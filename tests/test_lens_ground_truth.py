"""Synthetic clips filmed through a wide lens, whose truth is known: corners stand still too."""

import dataclasses

import numpy as np
import pytest

from dvs_jax import clip as clips
from dvs_jax import quaternion, synthetic
from dvs_jax.calibration.seen import seen_in, turns_of
from dvs_jax.camera import Camera
from dvs_jax.lens import Lens
from dvs_jax.methods.along_path import shown_by
from dvs_jax.synthetic import SyntheticClip
from dvs_jax.synthetic.exact_flow import transfer
from dvs_jax.synthetic.recording import view_of
from dvs_jax.warping import grid

WIDE = Lens("fisheye", (0.04, 0.01, -0.005, 0.0))
SIZE = (640, 360)
FILMED = SyntheticClip(
    "handheld",
    "distant",
    0.5,
    SIZE,
    ois=False,
    seed=5,
    strength=2.0,
    focal_length=0.45,
    lens=WIDE,
)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wide")
    synthetic.synthesize(FILMED, folder)
    return clips.load_clip(folder)


def test_the_lens_is_read_back(clip):
    camera = clip.sensors.camera
    assert camera.lens == WIDE
    assert camera.focal_length == pytest.approx((0.45, 0.45), rel=1e-5)


def test_calibration_sees_the_turns_through_the_lens(clip):
    pose = clips.real_path(clip).quaternion
    step = quaternion.multiply(pose[1:], quaternion.conjugate(pose[:-1]))
    true = quaternion.to_rotation_vector(step)

    def gain(camera):
        described = dataclasses.replace(clip.sensors, camera=camera)
        seen = seen_in(dataclasses.replace(clip, sensors=described))
        turn = turns_of(seen, camera.focal_length[0], camera.readout_time_s).vector
        return (turn * true).sum() / (true * true).sum()

    camera = clip.sensors.camera
    assert gain(camera) == pytest.approx(1.0, abs=0.03)
    assert gain(dataclasses.replace(camera, lens=None)) < 0.9


def residual(clip, camera):
    """RMS motion in pixels of far points from frame to frame of the output, centre and corners.

    Output points are followed exactly: through a frame's grid, through the true scene to the next
    frame, and from there by the inverse of that one's grid.
    """
    described = dataclasses.replace(clip.sensors, camera=camera)
    clip = dataclasses.replace(clip, sensors=described)
    middle = clips.real_path(clip).quaternion[clip.frame_count // 2]
    frames = list(shown_by(clip, np.broadcast_to(middle, (clip.frame_count, 4))))
    recording = synthetic.record(FILMED)
    places = {"centre": (0.45, 0.5, 0.55), "corner": (0.16, 0.84)}
    moved = {}
    for name, shares in places.items():
        shown = np.stack(np.meshgrid(shares, shares), axis=-1).reshape(-1, 2)
        steps = []
        for index in range(clip.frame_count - 1):
            start = grids_at(frames[index].source, shown) * SIZE - 0.5
            views = (view_of(recording, each) for each in (index, index + 1))
            landed, visible = transfer(recording.scene, *views, start)
            assert visible.mean() > 0.7
            target = (landed + 0.5) / SIZE
            steps.append((output_of(frames[index + 1].source, target, shown) - shown)[visible])
        moved[name] = np.sqrt((np.concatenate(steps) ** 2 @ np.square(SIZE)).mean())
    return moved


def grids_at(source, shown):
    return grid.at_points(source, shown[:, 1], shown[:, 0])


def output_of(source, target, start):
    """The output points that show source points, by fixed-point steps."""
    found = start
    for _ in range(40):
        found = found - (grids_at(source, found) - target)
    return found


@pytest.mark.slow
def test_corners_stand_as_still_as_the_centre(clip):
    known = residual(clip, clip.sensors.camera)
    assert known["centre"] < 0.1
    assert known["corner"] < 1.5 * known["centre"]
    pinhole = Camera(focal_length=clip.sensors.camera.focal_length)
    ignored = residual(clip, pinhole)
    assert ignored["corner"] > 5.0 * known["corner"]


@pytest.mark.slow
@pytest.mark.parametrize("correction", [0.5, 1.0])
def test_a_corrected_output_stands_still_too(clip, correction):
    lens = dataclasses.replace(WIDE, correction=correction)
    known = residual(clip, dataclasses.replace(clip.sensors.camera, lens=lens))
    assert known["corner"] < 1.5 * known["centre"]

"""Synthetic clips, whose truth is known, through the logs, the video and the warp."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from dvs_jax import clip as clips
from dvs_jax import quaternion, synthetic
from dvs_jax.methods.along_path import shown_by
from dvs_jax.synthetic import SyntheticClip
from dvs_jax.warping import host as warp

BORDER = 0.2
"""Share of each side left out: beyond it a walker's frames do not cover the still view."""


def drawn(clip, pose):
    """The clip's frames as a virtual camera that never moves sees them."""
    still = np.broadcast_to(pose, (clip.frame_count, 4))
    for picture, frame in zip(clips.read_frames(clip), shown_by(clip, still), strict=True):
        yield cv2.cvtColor(warp.warp_frame(picture, frame.source, 1.0, "black"), cv2.COLOR_RGB2GRAY)


def residual_motion(frames):
    """RMS motion in pixels of tracked points between consecutive frames, outliers included."""
    squares, previous = [], None
    for frame in frames:
        if previous is not None:
            squares.append(_squared_motion(previous, frame))
        previous = frame
    return np.sqrt(np.concatenate(squares).mean())


def _squared_motion(previous, frame):
    height, width = frame.shape
    inner = np.zeros_like(frame)
    rows, columns = round(BORDER * height), round(BORDER * width)
    inner[rows:-rows, columns:-columns] = 255
    points = cv2.goodFeaturesToTrack(previous, 300, 0.01, 8, mask=inner)
    moved, found, _ = cv2.calcOpticalFlowPyrLK(previous, frame, points, None, winSize=(21, 21))
    back, again, _ = cv2.calcOpticalFlowPyrLK(frame, previous, moved, None, winSize=(21, 21))
    # A point that does not track back to itself says nothing about motion.
    kept = (found & again).astype(bool)[:, 0] & (np.linalg.norm(back - points, axis=-1) < 1)[:, 0]
    assert kept.mean() > 0.8
    return ((moved - points)[kept, 0] ** 2).sum(axis=-1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "description",
    [
        SyntheticClip("handheld", "distant", 0.8, (960, 540), seed=5),
        SyntheticClip("handheld", "distant", 0.8, (540, 960), 24.0, 0.02, seed=6),
        SyntheticClip("walking", "distant", 0.6, (960, 540), ois=False, seed=7),
    ],
    ids=["handheld", "portrait at 24 frames/s", "walking without OIS"],
)
def test_the_true_path_leaves_a_distant_scene_still(tmp_path: Path, description):
    synthetic.synthesize(description, tmp_path / "clip")
    clip = clips.load_clip(tmp_path / "clip")
    before = residual_motion(
        cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in clips.read_frames(clip)
    )
    middle = clips.real_path(clip).quaternion[clip.frame_count // 2]
    after = residual_motion(drawn(clip, middle))
    assert before > 1.5
    assert after < 0.5


def test_the_logs_lead_to_the_true_path(tmp_path: Path):
    description = SyntheticClip("walking", "distant", 1.0, (192, 108), seed=3)
    synthetic.synthesize(description, tmp_path)
    clip = clips.load_clip(tmp_path)
    real, truth = clips.real_path(clip), synthetic.true_path(synthetic.record(description))
    np.testing.assert_array_equal(real.time_ns, truth.time_ns)
    # The log starts from the identity, the truth from wherever the camera looked.
    start = quaternion.multiply(quaternion.conjugate(real.quaternion[0]), truth.quaternion[0])
    found = quaternion.multiply(real.quaternion, np.broadcast_to(start, real.quaternion.shape))
    # Exact at the gyro's samples; between them, 2.5 ms apart, the log knows no acceleration.
    assert quaternion.angle_between(found, truth.quaternion).max() < 2e-5

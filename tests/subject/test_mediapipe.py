"""Against MediaPipe itself, where it is installed: `pip install dvs-jax[subject]`."""

from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest

from dvs_jax.subject import pose as poses_of
from dvs_jax.subject.anchor import Measured
from dvs_jax.subject.anchor_path import smooth
from dvs_jax.subject.following import Follower
from dvs_jax.subject.pose import HIPS

mediapipe = pytest.importorskip("mediapipe", reason="mediapipe, the extra subject, is absent")
pytestmark = pytest.mark.slow

FRAMES = 152
"""Of garden_walk: then MediaPipe's single track jumps from the man on the roof to the walker."""

WALKER, ROOF = (490.0, 390.0), (410.0, 140.0)
"""Where each is in frame 110, in pixels."""


@pytest.fixture(scope="module")
def frames(recordings) -> list[tuple[float, np.ndarray]]:
    with av.open(str(recordings / "people/garden_walk.mp4")) as clip:
        decoded = islice(clip.decode(video=0), FRAMES)
        return [(frame.time, frame.to_ndarray(format="rgb24")) for frame in decoded]


@pytest.fixture(scope="module")
def ours(frames, pose_networks) -> list[np.ndarray]:
    """Hips of everyone in each frame, float64 [frame, 2], NaN where not seen."""
    follower = Follower(pose_networks)
    for index, (time_s, picture) in enumerate(frames):
        follower.see(index, time_s, picture)
    hips = []
    for track in follower.tracker.tracks:
        place = np.full((FRAMES, 2), np.nan)
        place[track.frame] = poses_of.middle(track.poses(), HIPS)
        hips.append(place)
    return hips


def native(frames, models: Path, count: int) -> np.ndarray:
    """Hips by MediaPipe's video mode, float64 [frame, person, 2], NaN where not seen."""
    vision = mediapipe.tasks.vision
    options = vision.PoseLandmarkerOptions(
        base_options=mediapipe.tasks.BaseOptions(
            model_asset_path=str(models / "pose_landmarker_full.task")
        ),
        running_mode=vision.RunningMode.VIDEO,
        num_poses=count,
    )
    hips = np.full((len(frames), count, 2), np.nan)
    with vision.PoseLandmarker.create_from_options(options) as landmarker:
        for index, (time_s, picture) in enumerate(frames):
            image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=picture)
            found = landmarker.detect_for_video(image, round(1000 * time_s)).pose_landmarks
            for person, points in enumerate(found):
                both = [(points[hip].x, points[hip].y) for hip in HIPS]
                hips[index, person] = np.mean(both, axis=0) * picture.shape[1::-1]
    return hips


def noise_px(hips: np.ndarray) -> np.ndarray:
    """White noise of a track on each axis.

    It is told by third differences, which have 20 times the variance, and little of a walk.
    """
    third = np.diff(hips, 3, axis=0)
    return np.sqrt(np.nanmean(third**2, axis=0) / 20.0)


def at(hips: list[np.ndarray], place: tuple[float, float]) -> np.ndarray:
    """Return the track that passes a place in frame 110."""
    return min(hips, key=lambda each: np.nan_to_num(np.linalg.norm(each[110] - place), nan=1e9))


def nearest(hips: np.ndarray, to: np.ndarray) -> np.ndarray:
    """Return those who are within 40 px of a track, a frame each."""
    away = np.nan_to_num(np.linalg.norm(hips - to[:, None], axis=-1), nan=1e9)
    whose = away.argmin(axis=1)
    found = hips[np.arange(len(hips)), whose].copy()
    found[away.min(axis=1) > 40.0] = np.nan
    return found


def test_less_noise_than_detecting_anew(frames, ours, published_models):
    anew = native(frames, published_models, 4)
    walker = at(ours, WALKER)
    theirs = nearest(anew, walker)
    both = np.isfinite(walker + theirs).all(axis=1)
    assert both[43:].sum() > 80
    assert np.nanmedian(np.abs(walker - theirs)) < 2.5
    known = np.where(both[:, None], walker, np.nan), np.where(both[:, None], theirs, np.nan)
    own_noise, their_noise = (noise_px(each[43:]) for each in known)
    assert (own_noise < their_noise).all()
    assert np.isfinite(walker[43:, 0]).sum() >= np.isfinite(theirs[43:, 0]).sum()


def test_smoothed_less_noise_than_its_own_single_track(frames, ours, published_models):
    """It follows the man on the roof, and smooths him by a One-Euro filter of its own."""
    theirs = native(frames, published_models, 1)[:, 0]
    raw = at(ours, ROOF)
    both = np.isfinite(raw + theirs).all(axis=1)
    assert both.sum() > 100
    present = np.isfinite(raw).all(axis=1)
    time_s = np.array([time for time, _ in frames])
    path = smooth(time_s, Measured(raw, present, 60.0)).place
    own_noise, their_noise = (
        noise_px(np.where(both[:, None], each, np.nan)) for each in (path, theirs)
    )
    assert (own_noise < their_noise).all()

"""A drawn walker in drawn pictures: what the camera did is read off them, as in a real clip."""

import numpy as np
import pytest

from dvs_jax import clip as clips
from dvs_jax import synthetic
from dvs_jax.clip import Clip
from dvs_jax.motion.tracking import Tracker
from dvs_jax.subject import camera_motion, planning
from dvs_jax.subject import pose as poses_of
from dvs_jax.subject.anchor_path import NOISE, Smoothing
from dvs_jax.subject.orientation import orientation_of
from dvs_jax.subject.people import Track
from dvs_jax.subject.settings import Settings
from dvs_jax.subject.survey import Survey
from dvs_jax.subject.torso_flow import TorsoFlow
from tests.subject import noisy

COUNT = 36


@pytest.fixture(scope="module", params=["still", "walking"])
def walked(request):
    """A clip in memory, its survey with a network's noise, and the exact path of the hips."""
    made = synthetic.SyntheticClip(
        request.param, "distant", COUNT / 30.0, size=(960, 540), ois=False, seed=3
    )
    walk = synthetic.make_walk(made, [synthetic.Walker((-1.5, 6.5), (1.1, 0.0))])
    frames = [synthetic.render_walk(walk, index) for index in range(COUNT)]
    clip = Clip.from_arrays(frames, walk.recording.frames.time_ns[:COUNT])
    exact = noisy.poses(synthetic.tracks(walk)[0][0][:COUNT])
    noise = NOISE * float(np.median(poses_of.torso(exact)))
    # Of one hip: the middle of two has the noise that a followed person's has.
    seen = noisy.poses(synthetic.tracks(walk)[0][0][:COUNT], None, np.sqrt(2.0) * noise)
    time_s = clip.video.time_ns * 1e-9
    track = Track(list(range(COUNT)), time_s.tolist(), list(poses_of.packed(seen)))
    motion, orientation, tracker = [], orientation_of(clip.video), Tracker()
    for index, picture in enumerate(clips.read_pictures(clip)):
        box = poses_of.box(seen.at(index))[None]
        tracks = tracker.follow(picture)
        motion.append(camera_motion.measured(tracks, orientation, clip.size, box).motion)
    thumbnail = [np.zeros((8, 8, 3), np.uint8)]
    found = Survey(clip.size, [track], thumbnail, [{}], np.array(motion), [], 1.0)
    return clip, found, poses_of.middle(exact, poses_of.HIPS)


def residual(walked, **wanted):
    """Return the RMS distance of the kept anchor from the exact one, on each axis, in pixels."""
    clip, found, exact = walked
    settings = Settings(**wanted)
    subject = planning.everyone(found, settings, "walk").subject
    measured = planning.measured_anchor(found, subject, settings, clip.frame_count)
    torso = None
    if settings.refine == "flow":
        orientation = orientation_of(clip.video)
        torso = TorsoFlow(subject.pose, subject.frame, COUNT, orientation, clip.size)
        for _ in torso.watched(clips.read_pictures(clip)):
            pass
    path = planning.smoothed(clip, found, measured, settings, torso)
    return float(np.sqrt(np.mean((path.place - exact)[2:-2] ** 2)))


@pytest.mark.slow
def test_the_walker_stays_within_half_a_pixel_whatever_the_camera_does(walked):
    raw = residual(walked, smoothing=Smoothing("none"), refine="none")
    against = residual(walked, refine="none")
    refined = residual(walked, refine="flow")
    moving = residual(walked, smoothing=Smoothing("moving"), refine="none")
    assert against < 0.5
    assert refined < 0.5
    assert max(against, refined) < min(raw, moving)

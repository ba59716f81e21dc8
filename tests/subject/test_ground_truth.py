"""What is left of a drawn walker's movement about the target, whose exact place is known."""

import numpy as np
import pytest

from dvs_jax import synthetic
from dvs_jax.subject import pose as poses_of
from dvs_jax.subject.anchor import Measured
from dvs_jax.subject.anchor_path import NOISE, Smoothing, smooth
from dvs_jax.synthetic import view_of
from dvs_jax.synthetic.view import project, rays
from tests.subject import noisy

COUNT = 120
TIME_S = np.arange(COUNT) / 30.0
GAP = slice(60, 75)


def background(walk, anchor):
    """Return how far what is behind the anchor moves between frames, in pixels."""
    moved = np.zeros_like(anchor)
    for index in range(1, len(anchor)):
        origin, direction = rays(view_of(walk.recording, index - 1), anchor[index - 1 : index])
        pixel, _, _ = project(view_of(walk.recording, index), origin, direction, np.zeros(1))
        moved[index] = pixel[0] - anchor[index - 1]
    return moved


@pytest.fixture(scope="module", params=["still", "handheld", "walking"])
def filmed(request):
    """The hips' exact path, the torso, and the background's movement; 960 × 540."""
    clip = synthetic.SyntheticClip(
        request.param, "distant", COUNT / 30.0, size=(960, 540), ois=False, seed=3
    )
    walk = synthetic.make_walk(clip, [synthetic.Walker((-2.2, 6.5), (1.1, 0.0))])
    pose = noisy.poses(synthetic.tracks(walk)[0][0])
    anchor = poses_of.middle(pose, poses_of.HIPS)
    return anchor, float(np.median(poses_of.torso(pose))), background(walk, anchor)


def measured(anchor, torso, missing=slice(0, 0)):
    """Return the anchor as a network measures it: noise, and a few frames that are far off."""
    rng = np.random.default_rng(0)
    place = anchor + NOISE * torso * rng.standard_normal(anchor.shape)
    place[[20, 41, 90]] += 0.3 * torso
    present = np.ones(COUNT, bool)
    present[missing] = False
    return Measured(np.where(present[:, None], place, np.nan), present, torso)


def rms(error):
    return float(np.sqrt(np.mean(error**2)))


def test_the_walker_stays_within_half_a_pixel(filmed):
    anchor, torso, moved = filmed
    moved = moved + np.random.default_rng(1).normal(0.0, 0.05, moved.shape)
    track = measured(anchor, torso)
    left = rms((smooth(TIME_S, track, moved=moved).place - anchor)[3:-3])
    assert left < 0.5
    assert left < 0.3 * rms((smooth(TIME_S, track, Smoothing("moving")).place - anchor)[3:-3])


def test_five_hundredths_of_the_bob_are_left(filmed):
    anchor, torso, moved = filmed
    exact = Measured(anchor, np.ones(COUNT, bool), torso)
    left = smooth(TIME_S, exact, moved=moved).place - anchor
    steps = np.exp(-2j * np.pi * 2.0 * TIME_S[15:105])
    against = anchor - np.cumsum(moved, axis=0)
    bob = np.abs(steps @ (against - against.mean(axis=0))[15:105, 1])
    assert np.abs(steps @ left[15:105, 1]) < 0.05 * bob


def test_nothing_jumps_at_a_gap_of_half_a_second(filmed):
    anchor, torso, moved = filmed
    path = smooth(TIME_S, measured(anchor, torso, GAP), moved=moved).place
    assert np.abs(np.diff(path - anchor, axis=0)[55:80]).max() < 1.5
    # A whole step goes unseen meanwhile, and its bob cannot be told.
    assert np.abs((path - anchor)[55:80]).max() < 0.12 * torso

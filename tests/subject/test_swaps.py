import numpy as np
import pytest

from dvs_jax import synthetic
from dvs_jax.subject import pose as poses_of
from dvs_jax.subject import swaps
from tests.subject import noisy


@pytest.fixture(scope="module")
def profile():
    """A walker seen from the side, where legs pass each other, and from the front; 540p."""
    clip = synthetic.SyntheticClip("handheld", "distant", 4.0, size=(960, 540), seed=2)
    walkers = [
        synthetic.Walker((-2.4, 6.0), (1.2, 0.0)),
        synthetic.Walker((1.0, 12.0), (0.0, -1.2)),
    ]
    # One by one: who is alone needs not be painted.
    places = [synthetic.tracks(synthetic.make_walk(clip, [each]))[0][0] for each in walkers]
    return np.arange(clip.frame_count) / 30.0, places


def test_exchanging_is_its_own_inverse_and_knows_the_names():
    for index, other in enumerate(poses_of.EXCHANGED):
        name, mirrored = poses_of.NAMES[index], poses_of.NAMES[other]
        assert name.replace("left", "*").replace("right", "left").replace("*", "right") == mirrored
    pose = noisy.poses(noisy.moving(np.zeros((3, 2))), noise_px=1.0)
    twice = pose
    for _ in range(2):
        twice = poses_of.exchanged(twice, np.array([True, False, True]))
    assert all(np.array_equal(*pair) for pair in zip(pose, twice, strict=True))


@pytest.mark.parametrize("seen_from", [0, 1])
def test_swapped_frames_are_found_and_no_others(profile, seen_from):
    time_s, places = profile
    rng = np.random.default_rng(seen_from)
    pose = noisy.poses(places[seen_from], noise_px=0.8, seed=seen_from)
    swapped = rng.random(len(time_s)) < 0.1
    swapped[60:75] = True
    found = swaps.find(time_s, poses_of.exchanged(pose, swapped))
    assert not swaps.find(time_s, pose).any()
    assert (found == swapped).mean() > 0.97


def test_the_sides_of_most_frames_are_right_also_if_the_first_is_swapped(profile):
    time_s, places = profile
    pose = noisy.poses(places[1], noise_px=0.8)
    swapped = np.arange(len(time_s)) < 20
    repaired, found = swaps.repair(time_s, poses_of.exchanged(pose, swapped))
    assert np.array_equal(found, swapped)
    assert np.array_equal(repaired.point, pose.point)

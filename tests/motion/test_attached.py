"""What is fixed to the camera, told from the scene and from what moves before a still camera."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.motion import attached
from dvs_jax.motion.tracking import COUNT, Tracks

SIDES = np.float32([1.0, 9 / 16])
PIXEL = 1 / 640
JERKS = np.random.default_rng(4).normal(0.0, 3.0, (40, 2))
"""Steps of a shaken camera, (x, y) in pixels of a picture 640 wide."""


def tracks_of(step_px, moves, seed, sides=SIDES):
    """Points all over the picture, of which those that `moves` says move by a step."""
    random = np.random.default_rng(seed)
    earlier = random.uniform(0.02, 0.98, (COUNT, 2))
    noise = random.normal(0.0, 0.05, (COUNT, 2))
    step = noise + np.where(moves(earlier)[:, None], step_px, 0.0)
    later = earlier + step * PIXEL / sides
    return Tracks(earlier.astype(np.float32), later.astype(np.float32), np.ones(COUNT, bool))


def above_the_bonnet(point):
    return point[:, 1] < 0.45


def in_the_middle(point):
    return (np.abs(point - 0.5) < (0.28, 0.45)).all(axis=-1)


def followed(steps, moves, sides=SIDES):
    """What is known after some steps, and the tracks of one more like the last."""
    after, evidence = jax.jit(attached.after), attached.no_evidence()
    for seed, step in enumerate(steps):
        evidence = after(evidence, tracks_of(step, moves, seed, sides), sides)
    return evidence, tracks_of(steps[-1], moves, 99, sides)


def of_scene(evidence, tracks, sides=SIDES):
    return np.asarray(attached.of_scene(evidence, tracks, jnp.asarray(sides)))


def test_a_bonnet_that_has_most_corners_is_not_of_the_scene():
    evidence, tracks = followed(JERKS, above_the_bonnet)
    scene, moves = of_scene(evidence, tracks), above_the_bonnet(tracks.earlier)
    assert 0.4 < moves.mean() < 0.5
    assert (scene == moves).mean() > 0.97
    # It is known in steps of a camera that stands, too.
    still = tracks_of(np.zeros(2), above_the_bonnet, 7)
    away_from_edge = np.abs(still.earlier[:, 1] - 0.45) > 1 / attached.CELLS
    known = of_scene(evidence, still)[away_from_edge]
    np.testing.assert_array_equal(known, above_the_bonnet(still.earlier)[away_from_edge])


def test_upright_pictures_are_no_other():
    upright = SIDES[::-1]
    evidence, tracks = followed(JERKS, above_the_bonnet, upright)
    scene = of_scene(evidence, tracks, upright)
    assert (scene == above_the_bonnet(tracks.earlier)).mean() > 0.97


def test_a_picture_that_rests_in_between_still_tells():
    """Every second picture of 30 frames/s in 60 repeats the one before."""
    steps = np.stack([JERKS, np.zeros_like(JERKS)], axis=1).reshape(-1, 2)[:-1]
    evidence, tracks = followed(steps, above_the_bonnet)
    assert (of_scene(evidence, tracks) == above_the_bonnet(tracks.earlier)).mean() > 0.97


def test_it_is_known_within_a_few_jerks():
    evidence, tracks = followed(JERKS[:12], above_the_bonnet)
    assert (of_scene(evidence, tracks) == above_the_bonnet(tracks.earlier)).mean() > 0.8


def test_a_scene_without_anything_fixed_is_all_of_the_scene():
    evidence, tracks = followed(JERKS, lambda point: np.ones(len(point), bool))
    assert of_scene(evidence, tracks).all()
    assert not evidence.votes.any()


def test_a_train_that_passes_a_still_camera_is_not_the_scene():
    evidence, _ = followed(np.tile([6.0, 0.1], (40, 1)), above_the_bonnet)
    assert not evidence.votes.any()


def test_what_jerks_in_the_middle_of_a_still_cameras_picture_is_not_of_the_scene():
    evidence, tracks = followed(JERKS, in_the_middle)
    assert in_the_middle(tracks.earlier).mean() > 0.4
    np.testing.assert_array_equal(of_scene(evidence, tracks), ~in_the_middle(tracks.earlier))


def test_a_crowd_that_goes_all_ways_is_no_scene():
    random = np.random.default_rng(0)
    evidence = attached.no_evidence()
    for seed in range(10):
        crowd = tracks_of(random.normal(0.0, 8.0, (COUNT, 2)), above_the_bonnet, seed)
        evidence = attached.after(evidence, crowd, jnp.asarray(SIDES))
    assert not evidence.votes.any()


@pytest.mark.parametrize("known", [0, 5])
def test_few_tracks_tell_nothing(known):
    tracks = tracks_of(JERKS[0], above_the_bonnet, 0)
    few = tracks._replace(known=np.arange(COUNT) < known)
    evidence = attached.after(attached.no_evidence(), few, jnp.asarray(SIDES))
    assert not evidence.votes.any() and not evidence.known
    assert of_scene(evidence, few)[few.known].all()


def test_what_is_fixed_no_longer_is_forgotten():
    """The camera was taken off its mount: the whole picture moves."""
    evidence, _ = followed(JERKS, above_the_bonnet)
    tilted = np.random.default_rng(5).normal(0.0, 3.0, (120, 2))

    def all_moves(point):
        return np.ones(len(point), bool)

    after = jax.jit(attached.after)
    for seed, step in enumerate(tilted):
        evidence = after(evidence, tracks_of(step, all_moves, seed), SIDES)
    assert of_scene(evidence, tracks_of(tilted[-1], all_moves, 99)).all()


def test_what_is_tracked_across_a_fixed_things_border_is_neither_its_nor_the_scenes():
    evidence, _ = followed(JERKS, above_the_bonnet)
    across = tracks_of([2.0, 0.0], lambda point: np.ones(len(point), bool), 5)
    scene = of_scene(evidence, across)
    cell = (across.earlier[:, 1] * attached.CELLS).astype(int)
    border = int(0.45 * attached.CELLS)
    assert scene[cell < border].all()
    assert not scene[cell == border].any()

"""How the background moves, from tracked corners."""

import numpy as np
import pytest

from dvs_jax.motion.tracking import COUNT, Tracks
from dvs_jax.subject import camera_motion
from dvs_jax.subject.orientation import Orientation

SIZE = (96, 54)


def tracks(how, turned):
    """Return tracks of stored shares, of corners that a turn about the middle and a shift move."""
    rng = np.random.default_rng(1)
    stored = how.size(SIZE)
    before = rng.uniform(5, 48, (120, 2)) * (SIZE[0] / 54, 1)
    after = turned(before)
    inverse = np.linalg.inv(how.matrix(stored))
    made = Tracks(np.zeros((COUNT, 2)), np.zeros((COUNT, 2)), np.arange(COUNT) < 120)
    for told, place in ((made.earlier, before), (made.later, after)):
        told[:120] = (place @ inverse[:2, :2].T + inverse[:2, 2] + 0.5) / stored
    return made, before


@pytest.mark.parametrize(("quarters", "mirrored"), [(0, False), (1, False), (2, True)])
def test_a_shaking_camera_is_told_in_upright_pixels(quarters, mirrored):
    how = Orientation(quarters, mirrored)
    middle = (np.array(SIZE) - 1.0) / 2.0
    cosine, sine = np.cos(0.01), np.sin(0.01)
    turn = 1.02 * np.array([[cosine, -sine], [sine, cosine]])

    def turned(place):
        return (place - middle) @ turn.T + middle + (0.8, -0.5)

    told, before = tracks(how, turned)
    found = camera_motion.measured(told, how, how.size(SIZE), np.zeros((0, 4)))
    assert found.known
    there = camera_motion.moved(before, found.motion[None], SIZE)
    assert there == pytest.approx(turned(before), abs=0.01)
    place = np.array([[20.0, 30.0], [22.0, 30.0]])
    shift = camera_motion.shifts(place, np.stack([np.zeros(4), found.motion]), SIZE)
    expected = np.stack([np.zeros(2), turned(place[:1])[0] - place[0]])
    assert shift == pytest.approx(expected, abs=0.01)


def test_corners_of_people_do_not_count():
    how, person = Orientation(0, False), np.array([[30.0, 0.0, 95.0, 53.0]])
    told, before = tracks(how, lambda at: np.where(at[:, :1] > 28.0, at + 3.0, at + 0.5))
    assert (before[:, 0] > 28.0).sum() > 60
    shift = (
        camera_motion.measured(told, how, SIZE, boxes).motion[:2] * SIZE[0]
        for boxes in (np.zeros((0, 4)), person)
    )
    assert next(shift) == pytest.approx([3.0, 3.0], abs=0.05)
    assert next(shift) == pytest.approx([0.5, 0.5], abs=0.05)


def test_nothing_is_told_by_nothing():
    nothing = Tracks(np.zeros((COUNT, 2)), np.zeros((COUNT, 2)), np.zeros(COUNT, bool))
    found = camera_motion.measured(nothing, Orientation(0, False), SIZE, np.zeros((0, 4)))
    assert not found.known and (found.motion == 0.0).all()

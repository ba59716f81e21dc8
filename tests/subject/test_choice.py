import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.subject import choice, people, position
from dvs_jax.subject.pose import HIPS
from tests.subject import noisy

SIZE = (640, 360)


def everyone():
    tracker = people.Tracker()
    for index in range(60):
        walker = noisy.standing(100.0 + 7 * index, 180.0, 40.0)
        bystander = noisy.standing(550.0 - 0.2 * (index % 2), 180.0, 44.0)
        here = [bystander] if index < 10 else [bystander, walker]
        tracker.see(index, index / 30, noisy.together(*here))
    return choice.people(tracker.tracks, SIZE, HIPS)


def test_who_covers_ground_is_followed_though_another_is_larger_and_longer_there():
    walker, bystander = everyone()
    assert walker.frame[0] == 10 and bystander.frame[0] == 0
    assert walker.score == pytest.approx(50 * 40 / 360 * (1 + 343 / 400), rel=1e-6)
    assert bystander.score == pytest.approx(60 * 44 / 360, rel=1e-3)
    assert choice.choose([walker, bystander], None, *SIZE) == 0


def test_whose_hips_are_outside_the_picture_is_not_followed():
    """Of a man on a roof the picture showed the legs, for longer than the walker was there."""
    tracker = people.Tracker()
    for index in range(60):
        on_roof = noisy.standing(200.0, -30.0, 60.0)
        walker = noisy.standing(100.0 + 7 * index, 180.0, 40.0)
        tracker.see(index, index / 30, noisy.together(*[on_roof, walker][: 2 if index > 30 else 1]))
    walker, on_roof = choice.people(tracker.tracks, SIZE, HIPS)
    assert len(walker.frame) == 29 and len(on_roof.frame) == 60
    assert on_roof.score == 0.0


def test_a_person_by_number_or_by_place_and_moment():
    found = everyone()
    assert choice.choose(found, "2", *SIZE) == 1
    assert choice.choose(found, "0.85,0.5@0.2", *SIZE) == 1
    assert choice.choose(found, "310px,180px@1.0", *SIZE) == 0


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ("3", "1 to 2 were"),
        ("0", "there is no person"),
        ("the man", "there is no person"),
        ("0.5,0.5@9", "nobody was seen near 9 s"),
        ("0.5,1.5@1", "outside the picture"),
        ("0.5;0.5@1", "no place in the picture"),
        ("5px,0.5@1", "no place in the picture"),
        ("0.5,0.5@soon", "names no moment"),
    ],
)
def test_a_wish_that_cannot_be_met_is_told(wish, said):
    with pytest.raises(InputError, match=said):
        choice.choose(everyone(), wish, *SIZE)


def test_nobody_cannot_be_followed():
    with pytest.raises(InputError, match="nobody was found"):
        choice.choose([], None, *SIZE)


def test_places_in_shares_and_in_pixels():
    assert position.place("0.5,0.5", 641, 361) == (320.0, 180.0)
    assert position.place(" 1 , .0", 641, 361) == (640.0, 0.0)
    assert position.place("640px, 36.5px", 641, 361) == (640.0, 36.5)
    with pytest.raises(InputError, match="641 × 361"):
        position.place("641px,0px", 641, 361)
    with pytest.raises(InputError, match="no place"):
        position.place("nan,0.5", 641, 361)
    assert np.isfinite(position.place("0.1,0.2", 2, 2)).all()

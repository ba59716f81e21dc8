"""Which of the people to follow, told by the whole clip."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from dvs_jax.errors import InputError
from dvs_jax.subject import pose as poses_of
from dvs_jax.subject import position
from dvs_jax.subject.people import Track
from dvs_jax.subject.pose import HIPS, Poses

_MOST_WAY = 10.0
"""Torsos; a person who covers more does not count for more."""

BRIEFLY_S = 0.5

_SAME_MOMENT_S = 0.5
"""How far from the moment that a user names a person may be seen."""


@dataclass(frozen=True, eq=False)
class Person:
    """Someone seen in a clip.

    Attributes:
        frame: int64 [sighting], the frames.
        time_s: float64 [sighting], their times.
        pose: with a leading axis for the sighting.
        score: how much he is the clip's subject (see `score`).
        track: which of the tracks is his.
    """

    frame: Int[np.ndarray, " sighting"]
    time_s: Float[np.ndarray, " sighting"]
    pose: Poses
    score: float
    track: int = 0


def people(tracks: list[Track], size: tuple[int, int], points: tuple[int, ...]) -> list[Person]:
    """Return everyone of a clip, the likeliest subject first: person 1.

    Whoever is seen for less than `BRIEFLY_S` is left out, unless nobody is seen for longer: the
    networks take a bush or a shadow for a person now and then.

    Args:
        tracks: see `people.Tracker`.
        size: width and height of the picture in pixels.
        points: of the anchor, see `score`.
    """
    everyone = [_person(number, track, size, points) for number, track in enumerate(tracks)]
    lasting = [each for each in everyone if each.time_s[-1] - each.time_s[0] >= BRIEFLY_S]
    return sorted(lasting or everyone, key=lambda person: -person.score)


def _person(number: int, track: Track, size: tuple[int, int], points: tuple[int, ...]) -> Person:
    pose = track.poses()
    time_s = np.array(track.time_s)
    return Person(np.array(track.frame), time_s, pose, score(pose, size, points), number)


def score(pose: Poses, size: tuple[int, int], points: tuple[int, ...]) -> float:
    """Return how much a person is the clip's subject: large, long to be seen, and moving on.

    Σ_t torso / H · (1 + min(D / torso, 10) / 10), H the picture's height, D the diagonal of the box
    that the anchor covers: a path's length would count jitter. Frames in which the anchor lies
    outside the picture do not count: it can be kept in place in none of them.

    Args:
        pose: with a leading axis for the frames in which he was seen.
        size: width and height of the picture in pixels.
        points: whose mean the anchor is.
    """
    torso, place = poses_of.torso(pose), poses_of.middle(pose, points)
    inside = ((place >= 0.0) & (place <= np.array(size) - 1.0)).all(axis=-1)
    if not inside.any():
        return 0.0
    torso, place = torso[inside], place[inside]
    way = float(np.linalg.norm(place.max(axis=0) - place.min(axis=0)))
    share = np.minimum(way / np.maximum(torso, 1e-6), _MOST_WAY) / _MOST_WAY
    return float(np.sum(torso / size[1] * (1.0 + share)))


def choose(everyone: list[Person], wish: str | None, width: int, height: int) -> int:
    """Return the index of the person to follow.

    Args:
        everyone: the people of the clip, see `people`.
        wish: a person's number, from 1; or a place and a moment, "x,y@seconds" (see
            `position.moment`): whoever is nearest there and then. None for person 1.
        width: of the picture in pixels.
        height: likewise.

    Raises:
        InputError: there is nobody, no such person, or nobody at that moment.
    """
    if not everyone:
        raise InputError("nobody was found in the clip")
    if wish is None:
        return 0
    if "@" in wish:
        return _at(everyone, *position.moment(wish, width, height), wish)
    if not wish.strip().isdecimal() or not 1 <= int(wish) <= len(everyone):
        there_are = "person 1 was found" if len(everyone) == 1 else f"1 to {len(everyone)} were"
        raise InputError(
            f"there is no person {wish!r}: {there_are}; name a number, or a place and a moment as "
            "0.3,0.6@2.5"
        )
    return int(wish) - 1


def _at(everyone: list[Person], place: position.Place, time_s: float, wish: str) -> int:
    away = [_distance(person, place, time_s) for person in everyone]
    if min(away) == np.inf:
        raise InputError(f"nobody was seen near {time_s:g} s, which {wish!r} names")
    return int(np.argmin(away))


def _distance(person: Person, place: position.Place, time_s: float) -> float:
    """Return the distance of a place from a person's box, and a little of that from the hips."""
    nearest = int(np.argmin(np.abs(person.time_s - time_s)))
    if abs(person.time_s[nearest] - time_s) > _SAME_MOMENT_S:
        return np.inf
    pose, spot = person.pose.at(nearest), np.array(place)
    box = poses_of.box(pose)
    outside = np.linalg.norm(np.maximum(np.maximum(box[:2] - spot, spot - box[2:]), 0.0))
    # Boxes of people overlap: then the nearer one's counts.
    return float(outside + 1e-3 * np.linalg.norm(spot - poses_of.middle(pose, HIPS)))

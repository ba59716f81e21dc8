"""People who watch made-up videos: heads that follow blobs as critically damped springs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from dvs_jax.viewport import sphere
from dvs_jax.viewport.synthetic.video import BLOBS, LENGTH_S, Video

RATE = 50.0
"""Samples a second."""

SAMPLES = round(LENGTH_S * RATE)


class Kind(NamedTuple):
    """How a sort of viewers behaves.

    Attributes:
        faithful: chance that one turns to a scene's main blob.
        delay_s: from a scene's begin until the head turns.
        stiffness: ω, of the head's motion to its target, per second.
    """

    faithful: float
    delay_s: float
    stiffness: float


KINDS = {
    "follower": Kind(0.9, 0.45, 6.0),
    "explorer": Kind(0.5, 0.6, 5.0),
    "focuser": Kind(0.75, 0.9, 3.5),
}

_SPREAD = 0.15
"""Of delay and stiffness between viewers of a kind, in logarithms."""

_NOISE, _NOISE_KEPT, _NOISE_EVERY = np.radians(1.0), 0.8, 10
"""Standard deviation, what is kept of it from step to step, and the samples in a step."""


@dataclass(frozen=True)
class Viewing:
    """What viewers of videos did, 50 samples a second.

    Attributes:
        direction: float64 [viewing, sample, 3], of the head.
        gaze: float64 [viewing, sample, 3], of the eyes, which turn to a new blob before the head.
        kind: each viewing's key of `KINDS`.
        follows: bool [viewing, sample], whether the viewer follows anything in the scene shown.
    """

    direction: Float[np.ndarray, "viewing sample 3"]
    gaze: Float[np.ndarray, "viewing sample 3"]
    kind: list[str]
    follows: Bool[np.ndarray, "viewing sample"]


def people(rng: np.random.Generator, count: int) -> list[Kind]:
    """Draw people, a third of them of each kind."""
    return _people(rng, kinds(count))


def watch(
    rng: np.random.Generator,
    videos: Sequence[Video],
    viewers: int,
    lead_s: tuple[float, float],
    crowd: Sequence[Kind] | None = None,
    absent: float = 0.0,
) -> Viewing:
    """Let so many viewers watch each video; the viewers of the first come first.

    Args:
        rng: the source of all that is random.
        videos: the videos.
        viewers: of each; a third of them of each kind.
        lead_s: between which times the eyes turn before the head; (0, 0) for no lead.
        crowd: the viewers, who then watch every video; otherwise each video has its own.
        absent: chance that a viewer follows nothing in a scene.
    """
    time_s = np.arange(SAMPLES) / RATE
    names = kinds(viewers)
    crowd = _people(rng, names * len(videos)) if crowd is None else [*crowd] * len(videos)
    leads = rng.uniform(*lead_s, len(crowd))
    watched = [video for video in videos for _ in range(viewers)]
    choices = [
        _choices(rng, video, person.faithful) for video, person in zip(watched, crowd, strict=True)
    ]
    if absent:
        choices = [np.where(rng.random(len(each)) < absent, -1, each) for each in choices]
    # Half a step on: over a step a target is taken to be where it is in its middle.
    targets = [
        _targets(video, chosen, time_s + 0.5 / RATE, person.delay_s)
        for video, chosen, person in zip(watched, choices, crowd, strict=True)
    ]
    stiffness = np.array([person.stiffness for person in crowd])
    start = np.stack([_start(rng, video) for video in watched])
    target, has_target = map(np.stack, zip(*targets, strict=True))
    path = follow(start, target, has_target, stiffness)
    looked = [
        _targets(video, chosen, time_s, person.delay_s - lead)
        for video, chosen, person, lead in zip(watched, choices, crowd, leads, strict=True)
    ]
    gaze, has = map(np.stack, zip(*looked, strict=True))
    head = sphere.normalize(path + _noise(rng, len(path)))
    follows = np.stack(
        [chosen[video.scene(time_s)] >= 0 for video, chosen in zip(watched, choices, strict=True)]
    )
    return Viewing(head, np.where(has[..., None], gaze, head), names * len(videos), follows)


def kinds(count: int) -> list[str]:
    """Return the kinds of so many viewers, keys of `KINDS`."""
    return [list(KINDS)[number % len(KINDS)] for number in range(count)]


def follow(
    start: Float[np.ndarray, "viewing 3"],
    target: Float[np.ndarray, "viewing sample 3"],
    has_target: Bool[np.ndarray, "viewing sample"],
    stiffness: Float[np.ndarray, "viewing"],
) -> Float[np.ndarray, "viewing sample 3"]:
    """Return how heads move to their targets, at rest at first.

    Angular velocity u obeys u̇ = ω²γn − 2ωu, where γ is the angle to the target and n the axis; over
    a sample the target is taken to stand still, and the solution is exact. Without a target there
    is nothing but the damping.

    Args:
        start: unit vectors.
        target: unit vectors.
        has_target: whether there is one.
        stiffness: ω, per second.
    """
    omega, step = stiffness[:, None], 1.0 / RATE
    decay = np.exp(-omega * step)
    place, velocity, path = start, np.zeros_like(start), []
    for sample in range(target.shape[1]):
        path.append(place)
        axis = sphere.normalize(np.cross(place, target[:, sample]))
        gap = axis * sphere.distance(place, target[:, sample])[:, None]
        gap = np.where(has_target[:, sample, None], gap, 0.0)
        slope = omega * gap - velocity
        turn = gap - (gap + slope * step) * decay
        velocity = (velocity + omega * slope * step) * decay
        place = _rotated(place, turn)
    return np.stack(path, axis=1)


def _rotated(
    place: Float[np.ndarray, "viewing 3"], turn: Float[np.ndarray, "viewing 3"]
) -> Float[np.ndarray, "viewing 3"]:
    """Rotate by rotation vectors (Rodrigues)."""
    angle = np.linalg.norm(turn, axis=-1, keepdims=True)
    axis = sphere.normalize(turn)
    sideways = np.cross(axis, place)
    inwards = np.cross(axis, sideways)
    return sphere.normalize(place + np.sin(angle) * sideways + (1.0 - np.cos(angle)) * inwards)


def _people(rng: np.random.Generator, names: Sequence[str]) -> list[Kind]:
    return [_person(rng, KINDS[name]) for name in names]


def _person(rng: np.random.Generator, kind: Kind) -> Kind:
    delay, stiffness = np.exp(_SPREAD * rng.standard_normal(2))
    return Kind(kind.faithful, kind.delay_s * delay, kind.stiffness * stiffness)


def _start(rng: np.random.Generator, video: Video) -> Float[np.ndarray, "3"]:
    if rng.random() < 0.5:
        return video.start[0, 0]
    return sphere.from_angles(np.array(rng.uniform(0.0, 2.0 * np.pi)), np.array(np.pi / 2.0))


def _choices(rng: np.random.Generator, video: Video, faithful: float) -> Int[np.ndarray, "scene"]:
    """The blob that a viewer turns to in each scene, −1 for none."""
    chosen = []
    for weight in video.weight:
        others = [blob for blob in range(1, BLOBS) if weight[blob] > 0.0]
        if rng.random() < faithful:
            chosen.append(0)
        elif others:
            chosen.append(int(rng.choice(others)))
        else:
            chosen.append(0 if rng.random() < 0.5 else -1)
    return np.array(chosen)


def _targets(
    video: Video,
    chosen: Int[np.ndarray, "scene"],
    time_s: Float[np.ndarray, "sample"],
    delay_s: float,
) -> tuple[Float[np.ndarray, "sample 3"], Bool[np.ndarray, "sample"]]:
    """Where a viewer's target is, and whether there is one."""
    scene = video.scene(time_s - delay_s)
    has = (scene >= 0) & (chosen[scene] >= 0)
    return video.place(scene, np.maximum(chosen[scene], 0), time_s), has


def _noise(rng: np.random.Generator, count: int) -> Float[np.ndarray, "viewing sample 3"]:
    """Slow noise, linear between the steps at which it is drawn."""
    steps = SAMPLES // _NOISE_EVERY + 1
    drawn = _NOISE * rng.standard_normal((steps, count, 3))
    fresh = np.sqrt(1.0 - _NOISE_KEPT**2)
    for step in range(1, steps):
        drawn[step] = _NOISE_KEPT * drawn[step - 1] + fresh * drawn[step]
    before, share = np.divmod(np.arange(SAMPLES), _NOISE_EVERY)
    share = (share / _NOISE_EVERY)[:, None, None]
    between = drawn[before] + share * (drawn[before + 1] - drawn[before])
    return np.moveaxis(between, 1, 0)

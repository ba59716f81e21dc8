"""From what the first pass found to each frame's transform."""

import dataclasses
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from dvs_jax.clip import Clip
from dvs_jax.errors import InputError
from dvs_jax.subject import (
    anchor,
    anchor_path,
    camera_motion,
    choice,
    framing,
    position,
    swaps,
    transform,
)
from dvs_jax.subject.anchor import Measured
from dvs_jax.subject.anchor_path import AnchorPath
from dvs_jax.subject.choice import Person
from dvs_jax.subject.framing import Pull
from dvs_jax.subject.pose import Poses
from dvs_jax.subject.refining import refined
from dvs_jax.subject.settings import Settings
from dvs_jax.subject.survey import Survey, seconds
from dvs_jax.subject.torso_flow import TorsoFlow

_PLAIN = ("moving", "none")
"""Smoothers that take no notice of the background."""


@dataclass(frozen=True, eq=False)
class Everyone:
    """The people of a clip, their sides repaired.

    Attributes:
        people: the likeliest subject first.
        swapped: of each, where left and right were exchanged.
        followed: index of the one who is kept in place.
    """

    people: list[Person]
    swapped: list[Bool[np.ndarray, " sighting"]]
    followed: int

    @property
    def subject(self) -> Person:
        """Who is kept in place."""
        return self.people[self.followed]

    def pose_at(self, frame: int) -> Poses | None:
        """Return the subject's pose in a frame."""
        index = int(np.searchsorted(self.subject.frame, frame))
        is_seen = index < len(self.subject.frame) and self.subject.frame[index] == frame
        return self.subject.pose.at(index) if is_seen else None


@dataclass(frozen=True, eq=False)
class Plan:
    """How each frame is moved.

    Attributes:
        measured: the anchor as measured, in all frames.
        path: the anchor as it is kept in place.
        target: float64 [frame, 2], where it goes, (x, y) in the output.
        forward: float64 [frame, 2, 3], takes the upright picture's pixels to the output's.
        scale: float64 [frame], of the transform, zoom included.
        roll: float64 [frame], radians.
        size: width and height of the output, upright, even.
        window: (left, top) of the output in the moved picture.
    """

    measured: Measured
    path: AnchorPath
    target: Float[np.ndarray, "frame 2"]
    forward: Float[np.ndarray, "frame 2 3"]
    scale: Float[np.ndarray, " frame"]
    roll: Float[np.ndarray, " frame"]
    size: tuple[int, int]
    window: Float[np.ndarray, "2"]


def everyone(found: Survey, settings: Settings, name: str) -> Everyone:
    """Return the people of a clip, and who is kept in place.

    Args:
        found: what the first pass found.
        settings: what is wanted.
        name: of the clip, for messages.

    Raises:
        InputError: nobody was found, or not who is wanted.
    """
    if not found.tracks:
        raise InputError(
            f"{name}: nobody was found; the likeliest place had a score of {found.best_score:.2f} "
            "where 0.5 is needed: people have to be 40 pixels tall or more, and not too dark"
        )
    people = choice.people(found.tracks, found.size, anchor.POINTS_OF[settings.anchor])
    swapped = []
    for index, each in enumerate(people):
        pose, exchanged = swaps.repair(each.time_s, each.pose)
        # In its place: of a long clip all poses take a hundred megabytes.
        people[index] = dataclasses.replace(each, pose=pose)
        swapped.append(exchanged)
    followed = choice.choose(people, settings.person, *found.size)
    return Everyone(people, swapped, followed)


def measured_anchor(found: Survey, subject: Person, settings: Settings, count: int) -> Measured:
    """Return the subject's anchor in all frames, as measured.

    Raises:
        InputError: it was measured in none.
    """
    centroids = found.centroid[subject.track]
    nowhere = np.full(2, np.nan)
    centroid = np.array([centroids.get(frame, nowhere) for frame in subject.frame.tolist()])
    own = anchor.measure(
        settings.anchor,
        subject.time_s,
        subject.pose,
        found.size,
        settings.min_confidence,
        centroid,
    )
    return anchor_path.spread(own, subject.frame, count)


def smoothed(
    clip: Clip,
    found: Survey,
    measured: Measured,
    settings: Settings,
    torso: TorsoFlow | None = None,
) -> AnchorPath:
    """Return the anchor's path, smoothed against the background.

    Args:
        clip: the source.
        found: what the first pass found.
        measured: the anchor in all frames.
        settings: what is wanted.
        torso: the subject's flow, by which the path is refined.
    """
    time_s, cuts = seconds(clip), found.cuts
    moved = None
    if settings.smoothing.method not in _PLAIN:
        rough = anchor_path.smooth(time_s, measured, anchor_path.Smoothing("none"), cuts).place
        somewhere = np.where(np.isfinite(rough), rough, np.array(found.size) / 2.0)
        moved = camera_motion.shifts(somewhere, found.motion, found.size)
    path = anchor_path.smooth(time_s, measured, settings.smoothing, cuts, moved)
    return path if torso is None else refined(path, measured, torso.flow, torso.doubt, cuts)


def plan(
    clip: Clip,
    found: Survey,
    subject: Person,
    measured: Measured,
    path: AnchorPath,
    settings: Settings,
) -> Plan:
    """Return how each frame is moved.

    Args: see `smoothed`.

    Raises:
        InputError: the target lies outside the picture, or the window does not fit into it.
    """
    target = np.array(position.place(settings.target, *found.size))
    settings.require_crop_within(found.size)
    shown = framing.window(target, settings.crop_size, found.size)
    is_there = np.isfinite(path.place)
    pull = _pull(clip, found, subject, np.where(is_there, path.place, target), settings)
    targets = np.broadcast_to(target, path.place.shape)
    if settings.border == "zoom":
        needed = framing.needed_zoom(pull, target, shown, found.size)
        zoom = framing.zoom(needed, seconds(clip), settings.framing, settings.max_zoom)
        pull = pull._replace(scale=pull.scale * zoom)
        targets = framing.targets_within(pull, target, shown, found.size)
    width, height = (int(length) + 1 for length in shown[2:] - shown[:2])
    forward = transform.forward(pull.anchor, targets - shown[:2], pull.scale, pull.roll)
    size = width - width % 2, height - height % 2
    return Plan(
        *(measured, path, targets - shown[:2], forward, pull.scale, pull.roll, size, shown[:2])
    )


def _pull(
    clip: Clip,
    found: Survey,
    subject: Person,
    place: Float[np.ndarray, "frame 2"],
    settings: Settings,
) -> Pull:
    count = clip.frame_count
    roll, scale = np.zeros(count), np.ones(count)
    if settings.roll_lock or settings.scale_lock:
        told, present = np.zeros((count, 2)), np.zeros(count, bool)
        told[subject.frame] = transform.roll_and_log_side(subject.pose)
        present[subject.frame] = True
        locked = transform.locked(seconds(clip), told, present, found.cuts)
        roll = locked[0] if settings.roll_lock else roll
        scale = locked[1] if settings.scale_lock else scale
    return Pull(place, scale, roll)

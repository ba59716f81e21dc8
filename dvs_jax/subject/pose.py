"""The poses of people: 33 points each, in BlazePose's order.

Positions are in pixels of the upright picture, x right and y down, integers at pixel centres.
Left and right are the person's own; from point 7 on the left ones are odd.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

NAMES = (
    *("nose", "left_eye_inner", "left_eye", "left_eye_outer"),
    *("right_eye_inner", "right_eye", "right_eye_outer", "left_ear", "right_ear"),
    *("mouth_left", "mouth_right", "left_shoulder", "right_shoulder", "left_elbow"),
    *("right_elbow", "left_wrist", "right_wrist", "left_pinky", "right_pinky", "left_index"),
    *("right_index", "left_thumb", "right_thumb", "left_hip", "right_hip", "left_knee"),
    *("right_knee", "left_ankle", "right_ankle", "left_heel", "right_heel"),
    *("left_foot_index", "right_foot_index"),
)
"""The points' names."""

POINTS = len(NAMES)

HEAD = tuple(range(11))
SHOULDERS, HIPS, KNEES, ANKLES = (11, 12), (23, 24), (25, 26), (27, 28)
"""Left, right."""

EXCHANGED = np.array(
    [
        *(0, 4, 5, 6, 1, 2, 3, 8, 7, 10, 9),
        *(index + 1 if index % 2 else index - 1 for index in range(11, POINTS)),
    ]
)
"""Of each point, the one on the person's other side."""

_SHAPES = ((POINTS, 3), (POINTS,), (POINTS,), (POINTS, 3), (), ())
"""Of the fields of one person's pose."""

_ENDS = np.cumsum([math.prod(shape) for shape in _SHAPES])[:-1]
"""Where each field ends in a row of `packed`, but for the last."""

_CENTER, _SCALE = 33, 34
_SIDE_BY_RADIUS = 2.5


class Poses(NamedTuple):
    """People's poses, missing ones NaN.

    They are float64 when found or loaded, and float32 once kept (see `packed`).

    Attributes:
        point: [..., 33, 3], (x, y) in pixels, and z, the distance from the plane through the hips
            in pixels too, negative towards the camera.
        visibility: [..., 33], the probability that the point is in the picture and not hidden.
        presence: [..., 33], the probability that it is in the picture.
        world: [..., 33, 3], (x, y, z) in metres from the middle of the hips, along the picture's
            axes.
        score: [...], the probability that there is a person.
        side: [...], of the square region around the person, in pixels.
    """

    point: Float[np.ndarray, "*batch 33 3"]
    visibility: Float[np.ndarray, "*batch 33"]
    presence: Float[np.ndarray, "*batch 33"]
    world: Float[np.ndarray, "*batch 33 3"]
    score: Float[np.ndarray, "*batch"]
    side: Float[np.ndarray, "*batch"]

    def at(self, index: int | slice | np.ndarray) -> "Poses":
        """Return some of the poses, chosen along their first axis."""
        return Poses(*(field[index] for field in self))


def from_landmarks(
    point: Float[np.ndarray, "*batch 39 3"],
    visibility: Float[np.ndarray, "*batch 39"],
    presence: Float[np.ndarray, "*batch 39"],
    world: Float[np.ndarray, "*batch 39 3"],
    score: Float[np.ndarray, "*batch"],
) -> Poses:
    """Return what the landmark network says of people: its last points tell the region alone.

    Args: as `Poses`, of all 39 points.
    """
    exact = [np.asarray(each, np.float64) for each in (point, visibility, presence, world, score)]
    radius = np.linalg.norm(exact[0][..., _SCALE, :2] - exact[0][..., _CENTER, :2], axis=-1)
    body = slice(0, POINTS)
    return Poses(
        exact[0][..., body, :],
        exact[1][..., body],
        exact[2][..., body],
        exact[3][..., body, :],
        exact[4],
        _SIDE_BY_RADIUS * radius,
    )


def stacked(poses: list[Poses]) -> Poses:
    """Return single poses as one with a new first axis; there is at least one."""
    return Poses(*(np.stack(fields) for fields in zip(*poses, strict=True)))


def packed(poses: Poses) -> Float[np.ndarray, "*batch 266"]:
    """Return poses as one array of float32, as exact as the network tells them.

    A long clip has tens of thousands, and an array of its own for each field would take as much
    memory as the numbers.
    """
    batch = poses.score.shape
    fields = [np.reshape(field, (*batch, -1)) for field in poses]
    return np.concatenate(fields, axis=-1, dtype=np.float32)


def unpacked(numbers: Float[np.ndarray, "*batch 266"]) -> Poses:
    """Return the poses of `packed`, not copied."""
    fields = np.split(numbers, _ENDS, axis=-1)
    shapes = [numbers.shape[:-1] + shape for shape in _SHAPES]
    return Poses(*(each.reshape(shape) for each, shape in zip(fields, shapes, strict=True)))


def middle(poses: Poses, points: tuple[int, ...]) -> Float[np.ndarray, "*batch 2"]:
    """Return the mean (x, y) of some points, in pixels."""
    return poses.point[..., list(points), :2].mean(axis=-2)


def torso(poses: Poses) -> Float[np.ndarray, "*batch"]:
    """Return the distance from the middle of the shoulders to that of the hips, in pixels."""
    return np.linalg.norm(middle(poses, SHOULDERS) - middle(poses, HIPS), axis=-1)


def box(poses: Poses) -> Float[np.ndarray, "*batch 4"]:
    """Return (left, top, right, bottom) of all points, in pixels."""
    places = poses.point[..., :2]
    return np.concatenate([places.min(axis=-2), places.max(axis=-2)], axis=-1)


def exchanged(poses: Poses, where: Bool[np.ndarray, "*batch"]) -> Poses:
    """Return poses with left and right exchanged where asked for; twice is as before."""
    if not where.any():
        return poses

    def swapped(field: np.ndarray, axis: int) -> np.ndarray:
        asked = where.reshape(where.shape + (1,) * (field.ndim - where.ndim))
        return np.where(asked, np.take(field, EXCHANGED, axis), field)

    return poses._replace(
        point=swapped(poses.point, -2),
        visibility=swapped(poses.visibility, -1),
        presence=swapped(poses.presence, -1),
        world=swapped(poses.world, -2),
        # Not as parts of an array that would stay in memory for them alone.
        score=poses.score.copy(),
        side=poses.side.copy(),
    )

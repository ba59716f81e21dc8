"""How the background moves from frame to frame, seen in upright pictures."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from dvs_jax.methods.along_path import processor
from dvs_jax.motion import similarity
from dvs_jax.motion.tracking import Tracks
from dvs_jax.subject.orientation import Orientation

Motion = Float[np.ndarray, "*frame 4"]
"""float64: content at p moves to z p + t, p in the plane of a picture (see `dvs_jax.motion`): t
(x, y), angle and logarithm of z."""

_MARGIN = 0.1
"""Of a person's box, by which it is widened: within, corners are not the background's."""

_fit = jax.jit(similarity.fit)


class Seen(NamedTuple):
    """What a pair of pictures tells.

    Attributes:
        motion: float64 [4], see `Motion`; zero where nothing is told.
        known: whether anything is.
    """

    motion: Float[np.ndarray, "4"]
    known: bool


def measured(
    tracks: Tracks,
    orientation: Orientation,
    stored: tuple[int, int],
    boxes: Float[np.ndarray, "person 4"],
) -> Seen:
    """Return how the background moved to a picture from the one before.

    Args:
        tracks: of corners of the stored pictures.
        orientation: of these.
        stored: their width and height.
        boxes: of the people in the picture, (left, top, right, bottom) in upright pixels.
    """
    size = orientation.size(stored)
    ends = [_upright(each, orientation, stored) for each in (tracks.earlier, tracks.later)]
    known = tracks.known & ~_within(ends[1], boxes)
    with jax.default_device(processor()):
        found = _fit(*(jnp.asarray(_plane(each, size)) for each in ends), jnp.asarray(known))
    return Seen(np.asarray(found.motion, np.float64), bool(found.explains))


def moved(
    place: Float[np.ndarray, "*frame 2"], motion: Motion, size: tuple[int, int]
) -> Float[np.ndarray, "*frame 2"]:
    """Return where the background goes that was at some places, (x, y) in upright pixels.

    Args:
        place: in the frames before.
        motion: to the frames.
        size: width and height of the upright picture.
    """
    width = float(size[0])
    middle = (np.array(size) - 1.0) / 2.0
    x, y = np.moveaxis((place - middle) / width, -1, 0)
    scale = np.exp(motion[..., 3])
    cosine, sine = scale * np.cos(motion[..., 2]), scale * np.sin(motion[..., 2])
    turned = np.stack([cosine * x - sine * y, sine * x + cosine * y], axis=-1)
    return (turned + motion[..., :2]) * width + middle


def shifts(
    place: Float[np.ndarray, "frame 2"], motion: Float[np.ndarray, "frame 4"], size: tuple[int, int]
) -> Float[np.ndarray, "frame 2"]:
    """Return how far the background moved since the frame before, at each frame's place, pixels."""
    before = np.concatenate([place[:1], place[:-1]])
    return moved(before, motion, size) - before


def _upright(
    share: Float[np.ndarray, "track 2"], orientation: Orientation, stored: tuple[int, int]
) -> Float[np.ndarray, "track 2"]:
    matrix = orientation.matrix(stored)
    return (share * np.array(stored) - 0.5) @ matrix[:2, :2].T + matrix[:2, 2]


def _plane(
    place: Float[np.ndarray, "track 2"], size: tuple[int, int]
) -> Float[np.ndarray, "track 2"]:
    return ((place - (np.array(size) - 1.0) / 2.0) / size[0]).astype(np.float32)


def _within(
    place: Float[np.ndarray, "track 2"], boxes: Float[np.ndarray, "person 4"]
) -> np.ndarray:
    margin = _MARGIN * (boxes[:, 2:] - boxes[:, :2])
    low, high = boxes[:, :2] - margin, boxes[:, 2:] + margin
    inside = (place[:, None] >= low[None]) & (place[:, None] <= high[None])
    return inside.all(axis=-1).any(axis=-1)

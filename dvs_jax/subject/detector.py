"""Finds people in a picture: BlazePose's detector, its anchors, and which of its boxes are one.

Bazarevsky et al., "BlazePose: On-device Real-time Body Pose tracking", 2020; anchors and the
averaging of boxes: Bazarevsky et al., "BlazeFace", 2019.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

from dvs_jax.subject.region import Region, around_picture, crop
from dvs_jax.tflite import Apply, Network, Weights

LEAST_SCORE = 0.5
LARGEST_OVERLAP = 0.5
"""Of two boxes, as intersection by union, above which they are of one person."""

_STRIDES = ((8, 2), (16, 2), (32, 6))
"""Of each layer of anchors: pixels between their centres, and anchors at each."""

_LARGEST_LOGIT = 100.0


class Candidates(NamedTuple):
    """What the network says at each anchor.

    Attributes:
        score: float32 [anchor], a probability.
        box: float32 [anchor, 4], (x, y) of the centre, width and height, in pixels of the picture.
        points: float32 [anchor, 4, 2], (x, y) in pixels: the middle of the hips; a point above the
            head that tells size and direction; and the same two for the upper body alone.
    """

    score: Float[Array, " anchor"]
    box: Float[Array, "anchor 4"]
    points: Float[Array, "anchor 4 2"]


class Detection(NamedTuple):
    """A person found, in float32.

    Attributes:
        score: the best of the candidates that were averaged.
        box: [4], see `Candidates`.
        points: [4, 2], see `Candidates`.
    """

    score: float
    box: Float[np.ndarray, "4"]
    points: Float[np.ndarray, "4 2"]


def anchors(size: int) -> Float[np.ndarray, "anchor 2"]:
    """Return the centres (x, y) of a detector's anchors, float32, as shares of its input.

    Args:
        size: of its square input, in pixels, a multiple of 32.
    """
    layers = [_layer(size // stride, repeated) for stride, repeated in _STRIDES]
    return np.concatenate(layers).astype(np.float32)


def _layer(count: int, repeated: int) -> Float[np.ndarray, "anchor 2"]:
    places = (np.arange(count) + 0.5) / count
    y, x = np.meshgrid(places, places, indexing="ij")
    return np.repeat(np.stack([x, y], -1).reshape(-1, 2), repeated, axis=0)


def fits(network: Network) -> bool:
    """Tell whether a network is such a detector, by what it takes and returns."""
    if len(network.input_shapes) != 1 or len(network.input_shapes[0]) != 3:
        return False
    rows, columns, channels = network.input_shapes[0]
    if rows != columns or rows % _STRIDES[-1][0] or channels != 3:
        return False
    count = sum((rows // stride) ** 2 * repeated for stride, repeated in _STRIDES)
    return network.output_shapes == ((count, 12), (count, 1))


def candidates(network: Network, pictures: UInt8[Array, "frame rows columns 3"]) -> Candidates:
    """Run the detector on pictures; it is compiled once for each number and size of them.

    Args:
        network: one that `fits`.
        pictures: RGB, upright.

    Returns:
        Its fields have a leading axis for the frame.
    """
    return _candidates(network.apply, network.weights, pictures, network.input_shapes[0][0])


@partial(jax.jit, static_argnames=("apply", "size"))
def _candidates(
    apply: Apply, weights: Weights, pictures: UInt8[Array, "frame rows columns 3"], size: int
) -> Candidates:
    square = around_picture(pictures.shape[2], pictures.shape[1])

    def of_one(picture: UInt8[Array, "rows columns 3"]) -> Candidates:
        raw, logits = apply(weights, crop(picture, square, size, size, edge=False) / 127.5 - 1)
        return decoded(raw, logits[:, 0], size, square)

    return jax.vmap(of_one)(pictures)


def decoded(
    raw: Float[Array, "anchor 12"], logits: Float[Array, " anchor"], size: int, square: Region
) -> Candidates:
    """Turn the detector's outputs on one picture into scores and places in it.

    Args:
        raw: in pixels of the detector's input: x, y of a box's centre, its width and height, and x,
            y of four points; all but width and height relative to the anchor.
        logits: of the scores.
        size: of the input.
        square: the upright region that the input shows.
    """
    raw, logits = raw.astype(jnp.float32), logits.astype(jnp.float32)
    score = jax.nn.sigmoid(jnp.clip(logits, -_LARGEST_LOGIT, _LARGEST_LOGIT))
    shares = raw.reshape(-1, 6, 2) / size
    corner = square.center - square.side / 2
    points = (shares + anchors(size)[:, None]) * square.side + corner.reshape(1, 1, 2)
    box = jnp.concatenate([points[:, 0], shares[:, 1] * square.side], -1)
    return Candidates(score, box, points[:, 2:])


def people(found: Candidates, least_score: float = LEAST_SCORE) -> list[Detection]:
    """Return the people among a picture's candidates, the best score first.

    Candidates whose boxes overlap the best one's are one person: their places are averaged,
    weighted by their scores.

    Args:
        found: in one picture.
        least_score: of candidates that count.
    """
    score, box, points = (np.asarray(each, np.float32) for each in found)
    order = np.argsort(-score, kind="stable")
    left = order[score[order] >= least_score]
    detections = []
    while len(left):
        overlapping = overlaps(box[left[0]], box[left]) > LARGEST_OVERLAP
        overlapping[0] = True
        same, left = left[overlapping], left[~overlapping]
        weights = score[same]
        detections.append(
            Detection(
                float(score[same[0]]),
                np.average(box[same], axis=0, weights=weights).astype(np.float32),
                np.average(points[same], axis=0, weights=weights).astype(np.float32),
            )
        )
    return detections


def overlaps(
    box: Float[np.ndarray, "4"], boxes: Float[np.ndarray, "box 4"]
) -> Float[np.ndarray, " box"]:
    """Return the intersection of a box with each of some others, by their union, 0…1.

    Args:
        box: (x, y) of the centre, width and height.
        boxes: likewise.
    """
    low = np.maximum(box[:2] - box[2:] / 2, boxes[:, :2] - boxes[:, 2:] / 2)
    high = np.minimum(box[:2] + box[2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2)
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    union = np.prod(box[2:]) + np.prod(boxes[:, 2:], axis=1) - shared
    return np.where(union > 0, shared / np.where(union > 0, union, 1), 0)

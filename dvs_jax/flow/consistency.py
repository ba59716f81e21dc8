"""Forward-backward consistency: which flow leads into the other frame, and back again."""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float

from dvs_jax.flow.pair import FlowPair

Flow = Float[np.ndarray, "height width 2"]
Mask = Bool[np.ndarray, "height width"]

# Sundaram, Brox & Keutzer, ECCV 2010, eq. 5: tolerance of the round trip, in square pixels.
_SQUARE_SHARE = 0.01
_SQUARE_OFFSET = 0.5


class Confidence(NamedTuple):
    """Where the flow of a pair is consistent; each mask is on the pixels of its own flow."""

    forward: Mask
    backward: Mask


def confidence(pair: FlowPair) -> Confidence:
    """Where the flow of a pair stays in the frame and agrees with the flow back.

    Elsewhere the point is occluded, has left the frame, or its flow is wrong.
    """
    return Confidence(
        _is_consistent(pair.forward, pair.backward), _is_consistent(pair.backward, pair.forward)
    )


def stays_inside(flow: Flow) -> Mask:
    """Where flow in pixels (dx, dy) leads to a point between the other frame's pixel centres."""
    height, width, _ = flow.shape
    x, y = np.moveaxis(_target(flow), -1, 0)
    return (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)


def _is_consistent(flow: Flow, back: Flow) -> Mask:
    x, y = np.moveaxis(_target(flow), -1, 0)
    returned = cv2.remap(back, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    miss = np.square(flow + returned).sum(axis=-1)
    lengths = np.square(flow).sum(axis=-1) + np.square(returned).sum(axis=-1)
    return stays_inside(flow) & (miss <= _SQUARE_SHARE * lengths + _SQUARE_OFFSET)


def _target(flow: Flow) -> Flow:
    y, x = np.mgrid[: flow.shape[0], : flow.shape[1]].astype(np.float32)
    return flow + np.dstack([x, y])

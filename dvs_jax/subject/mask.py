"""Which part of a person's region shows the person: the networks' masks, put together.

Masks are float32, probabilities, over a region's square; batches have a leading axis for the
frame. How they go on from frame to frame is in `mask_memory`.
"""

from collections.abc import Callable
from functools import partial
from typing import Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, UInt8

from dvs_jax.errors import InputError
from dvs_jax.subject import landmarks, mask_networks, transform
from dvs_jax.subject import pose as poses_of
from dvs_jax.subject.pose import HIPS, Poses
from dvs_jax.subject.region import Region, crop
from dvs_jax.tflite import Network

MaskName = Literal["pose", "general", "landscape"]

DILATION = 0.06
"""Of a region's side, by which the pose's mask is dilated before it limits a selfie model's."""

LEAST_SCORE = 0.5
LEAST_AREA = 0.005
"""Of the region: a smaller mask is no person's."""

_RADIUS = 2
"""Pixels of the guided filter to either side. With more, a picture's texture shows through the mask
of someone who is small, as people in the whole figure are."""

_SMALLEST_CONTRAST = 0.02
"""Standard deviation of the picture, in shares of its range, below which there is no edge."""


class Outline(NamedTuple):
    """What the networks say of a person's region.

    Attributes:
        mask: float32, the probability that a pixel shows the person.
        found: whether there is a person at all.
    """

    mask: Float[Array, "frame size size"]
    found: Bool[Array, " frame"]


def named(name: str) -> MaskName:
    """Return a mask's name, or raise InputError where there is no such mask."""
    for known in get_args(MaskName):
        if name == known:
            return known
    raise InputError(f"there is no mask {name!r}; choose one of {', '.join(get_args(MaskName))}")


def region_of(pose: Poses) -> Region:
    """Return the upright square around people, by their own poses.

    Args:
        pose: measured; the fields of the region have its leading axes.
    """
    lean = transform.roll_and_log_side(pose)[..., 0]
    fields = poses_of.middle(pose, HIPS), pose.side, lean
    return Region(*(jnp.asarray(each, jnp.float32) for each in fields))


def outline(
    network: Network,
    pictures: UInt8[Array, "frame rows columns 3"],
    regions: Region,
    selfie: Network | None = None,
) -> Outline:
    """Outline a person in each picture; it is compiled once for each number and size of them.

    Args:
        network: for the points of a person (see `landmarks`), which tells the mask too.
        pictures: RGB, upright.
        regions: where the person is; the fields have a leading axis for the frame.
        selfie: see `mask_networks`. With it a pixel's probability is what it says, but zero away
            from what `network` takes for the person: it outlines whoever else stands there, too.
    """
    pose, logits = landmarks.poses_and_masks(network, pictures, regions)
    masks = jax.nn.sigmoid(logits)
    if selfie is not None:
        masks = _limited(mask_networks.masks(selfie, pictures, regions), masks)
    return _finished(pictures, regions, masks, pose.score)


@jax.jit
def _limited(
    seen: Float[Array, "frame height width"], limits: Float[Array, "frame size size"]
) -> Float[Array, "frame size size"]:
    reach = round(DILATION * limits.shape[-1])
    square = jax.image.resize(seen, limits.shape, "linear", antialias=False)
    return square * _around(limits, reach, -jnp.inf, lax.max)


@jax.jit
def _finished(
    pictures: UInt8[Array, "frame rows columns 3"],
    regions: Region,
    masks: Float[Array, "frame size size"],
    score: Float[Array, " frame"],
) -> Outline:
    size = masks.shape[-1]
    seen = jax.vmap(partial(crop, width=size, height=size))(pictures, regions)
    masks = jax.vmap(guided)(masks, seen.mean(-1) / 255)
    return Outline(masks, (score > LEAST_SCORE) & (masks.mean((1, 2)) >= LEAST_AREA))


def guided(
    mask: Float[Array, "size size"], guide: Float[Array, "size size"]
) -> Float[Array, "size size"]:
    """Let a mask's edges follow a picture's: the guided filter.

    He, Sun and Tang, "Guided Image Filtering", 2013.

    Args:
        mask: in 0…1.
        guide: the picture's brightness in 0…1.
    """
    told = jnp.stack([guide, mask, guide * guide, guide * mask])
    guide_mean, mask_mean, squared, product = _means(told)
    variance = squared - guide_mean**2
    slope = (product - guide_mean * mask_mean) / (variance + _SMALLEST_CONTRAST**2)
    slope, start = _means(jnp.stack([slope, mask_mean - slope * guide_mean]))
    return jnp.clip(slope * guide + start, 0.0, 1.0)


def _means(images: Float[Array, "image size size"]) -> Float[Array, "image size size"]:
    """Return the means of the pixels around each, of those that there are."""
    place = np.arange(images.shape[-1])
    counts = 1 + np.minimum(place, _RADIUS) + np.minimum(place[::-1], _RADIUS)
    sums = _around(images, _RADIUS, 0.0, lax.add)
    return sums / jnp.asarray(np.outer(counts, counts)[None], jnp.float32)


def _around(
    images: Float[Array, "image rows columns"],
    reach: int,
    start: float,
    join: Callable[[Array, Array], Array],
) -> Float[Array, "image rows columns"]:
    """Join each pixel with those up to `reach` from it, both ways, beginning with `start`."""
    side = 2 * reach + 1
    for window in ((1, side, 1), (1, 1, side)):
        images = lax.reduce_window(images, start, join, window, (1, 1, 1), "SAME")
    return images

"""The points of a person in a region of a picture: BlazePose's landmark network.

Bazarevsky et al., "BlazePose: On-device Real-time Body Pose tracking", 2020; its heat maps, which
the network returns beside the points, correct where these lie.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt8

from dvs_jax.subject.region import Region, around_person, crop, crop_matrix
from dvs_jax.tflite import Apply, Network, Weights

POINTS = 33
"""Points of the body; the network has six more, of which two tell where the person goes on."""

_ALL_POINTS = 39
_HIPS, _SCALE = 33, 34
_WINDOW = 7
"""Pixels of a heat map, across and down, around the point that it corrects."""

_LEAST_CONFIDENCE = 0.5
"""That a heat map has to reach somewhere in the window, to correct the point."""


class Pose(NamedTuple):
    """A person's pose, float32.

    Attributes:
        point: [39, 3], (x, y) in pixels of the picture, and z, the distance from the plane through
            the hips in pixels too, negative towards the camera. The first 33 are BlazePose's.
        visibility: [39], the probability that the point is in the picture and not hidden.
        presence: [39], the probability that it is in the picture.
        world: [39, 3], (x, y, z) in metres from the middle of the hips, along the picture's axes.
        score: the probability that there is a person.
    """

    point: Float[Array, "39 3"]
    visibility: Float[Array, "39"]
    presence: Float[Array, "39"]
    world: Float[Array, "39 3"]
    score: Float[Array, ""]


def fits(network: Network) -> bool:
    """Tell whether a network is such a one, by what it takes and returns."""
    if len(network.input_shapes) != 1 or len(network.output_shapes) != 5:
        return False
    points, score, mask, heat, world = network.output_shapes
    picture = network.input_shapes[0]
    return (
        picture == (*picture[:1] * 2, 3)
        and (points, score, world) == ((5 * _ALL_POINTS,), (1,), (3 * _ALL_POINTS,))
        and mask == (*picture[:2], 1)
        and heat == (*heat[:1] * 2, _ALL_POINTS)
    )


def poses(
    network: Network, pictures: UInt8[Array, "person rows columns 3"], regions: Region
) -> Pose:
    """Find the points of people; it is compiled once for each number and size of pictures.

    Args:
        network: one that `fits`; what it computes for masks alone is left out, a quarter of it.
        pictures: RGB, upright, one for each person.
        regions: where each is; its fields have a leading axis for the person.

    Returns:
        The poses, with a leading axis for the person.
    """
    return _poses(network.apply, network.weights, pictures, regions, network.input_shapes[0][0])


def poses_and_masks(
    network: Network, pictures: UInt8[Array, "person rows columns 3"], regions: Region
) -> tuple[Pose, Float[Array, "person size size"]]:
    """Find the points of people, and outline them; otherwise like `poses`.

    Returns:
        The poses, with a leading axis for the person, and logits of the masks of the regions,
        float32, at the size of the network's input.
    """
    side = network.input_shapes[0][0]
    return _poses_and_masks(network.apply, network.weights, pictures, regions, side)


@partial(jax.jit, static_argnames=("apply", "size"))
def _poses_and_masks(
    apply: Apply,
    weights: Weights,
    pictures: UInt8[Array, "person rows columns 3"],
    regions: Region,
    size: int,
) -> tuple[Pose, Float[Array, "person size size"]]:
    def of_one(
        picture: UInt8[Array, "rows columns 3"], region: Region
    ) -> tuple[Pose, Float[Array, "size size"]]:
        outputs = apply(weights, crop(picture, region, size, size) / 255)
        points, score, mask, heat, world = (each.astype(jnp.float32) for each in outputs)
        raw, meters = points.reshape(_ALL_POINTS, 5), world.reshape(_ALL_POINTS, 3)
        return placed(raw, heat, meters, score[0], size, region), mask[..., 0]

    return jax.vmap(of_one)(pictures, regions)


@partial(jax.jit, static_argnames=("apply", "size"))
def _poses(
    apply: Apply,
    weights: Weights,
    pictures: UInt8[Array, "person rows columns 3"],
    regions: Region,
    size: int,
) -> Pose:
    return _poses_and_masks(apply, weights, pictures, regions, size)[0]


def placed(
    raw: Float[Array, "39 5"],
    heat: Float[Array, "cell cell 39"],
    world: Float[Array, "39 3"],
    score: Float[Array, ""],
    size: int,
    region: Region,
) -> Pose:
    """Turn the network's outputs for one region into a pose in the picture.

    Args:
        raw: (x, y, z) in pixels of the network's input, logits of visibility and presence.
        heat: logits of where each point lies in the input.
        world: metres, along the axes of the input.
        score: a probability.
        size: of the input.
        region: what the input shows.
    """
    shares = refined(raw[:, :2] / size, heat)
    matrix = crop_matrix(region, size, size)
    places = shares * size @ matrix[:2, :2].T + matrix[:2, 2].reshape(1, 2)
    depth = raw[:, 2:3] / size * region.side
    cosine, sine = jnp.cos(region.angle), jnp.sin(region.angle)
    turn = jnp.asarray([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    visibility, presence = jax.nn.sigmoid(raw[:, 3]), jax.nn.sigmoid(raw[:, 4])
    return Pose(jnp.concatenate([places, depth], -1), visibility, presence, world @ turn.T, score)


def refined(
    shares: Float[Array, "point 2"], heat: Float[Array, "cell cell point"]
) -> Float[Array, "point 2"]:
    """Move points to the centroids of their heat maps near them, where these are confident.

    Args:
        shares: (x, y) as shares of the heat maps' sides.
        heat: logits.

    Returns:
        Shares likewise; a point outside its map, or where the map is weak, stays where it was.
    """
    cells = heat.shape[0]
    reach = _WINDOW // 2
    confidence = jnp.pad(jax.nn.sigmoid(heat), ((reach, reach), (reach, reach), (0, 0)))

    def of_one(
        share: Float[Array, "2"], confidence: Float[Array, "padded padded"]
    ) -> Float[Array, "2"]:
        column, row = jnp.trunc(share * cells).astype(jnp.int32)
        inside = (row >= 0) & (row < cells) & (column >= 0) & (column < cells)
        window = jax.lax.dynamic_slice(confidence, (row, column), (_WINDOW, _WINDOW))
        beside = jnp.arange(_WINDOW) - reach
        total = jnp.maximum(window.sum(), jnp.finfo(jnp.float32).tiny)
        across, down = (window.sum(0) @ beside) / total, (window.sum(1) @ beside) / total
        centroid = jnp.stack([column + across, row + down]) / cells
        return jnp.where(inside & (window.max() >= _LEAST_CONFIDENCE), centroid, share)

    return jax.vmap(of_one, (0, 2))(shares, confidence)


def followed(pose: Pose) -> Region:
    """Return the region in which the next frame's pose of the same person is to be sought."""
    return around_person(pose.point[_HIPS, :2], pose.point[_SCALE, :2])

"""What a camera adds to a picture: blur along its movement, flickering exposure, and noise."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

FARTHEST_BLUR_PX = 4
"""Longest blur, to either side, in pixels of the picture; a longer one is shortened."""

_POSITIONS = 8
"""Of the camera while it exposes."""


class Camera(NamedTuple):
    """How good a camera is.

    Attributes:
        exposure: float32 [], share of the time between frames during which it exposes.
        flicker: float32 [], standard deviation of the logarithm of a frame's brightness.
        read_noise: float32 [], standard deviation in the dark, in shares of white.
        shot_noise: float32 [], standard deviation that light adds at white.
        readout: float32 [], share of the time between frames from the first row to the last.
    """

    exposure: Float[Array, ""]
    flicker: Float[Array, ""]
    read_noise: Float[Array, ""]
    shot_noise: Float[Array, ""]
    readout: Float[Array, ""]


def draw_camera(key: Array) -> Camera:
    """Draw a camera; half of them have a global shutter."""
    drawn = jax.random.uniform(key, (6,), jnp.float32)
    return Camera(
        exposure=0.7 * drawn[0] ** 2,
        flicker=0.04 * drawn[1] ** 3,
        read_noise=0.01 * drawn[2] ** 2,
        shot_noise=0.03 * drawn[3] ** 2,
        readout=jnp.where(drawn[4] < 0.5, 0.0, 0.9 * drawn[5]),
    )


def exposed(
    key: Array,
    camera: Camera,
    picture: Float[Array, "rows columns *channel"],
    movement: Float[Array, "2"],
) -> Float[Array, "rows columns *channel"]:
    """Return a picture as a camera records it.

    Args:
        key: of this frame's flicker and noise.
        camera: see `draw_camera`.
        picture: float32, 0 to 1.
        movement: float32 (x, y), by how many pixels the picture's content moves in the time between
            two frames.
    """
    flickering, noisy = jax.random.split(key)
    blurred = _blurred(picture, camera.exposure * movement)
    bright = blurred * jnp.exp(camera.flicker * jax.random.normal(flickering))
    deviation = jnp.sqrt(camera.read_noise**2 + camera.shot_noise**2 * bright)
    return jnp.clip(bright + deviation * _noise(noisy, picture.shape), 0.0, 1.0)


def _blurred(
    picture: Float[Array, "rows columns *channel"], length: Float[Array, "2"]
) -> Float[Array, "rows columns *channel"]:
    """Average pictures that lie evenly along a line about the picture, its edges going on."""
    weight = _line(length)
    margin, none = (FARTHEST_BLUR_PX, FARTHEST_BLUR_PX), (0, 0)
    around = jnp.pad(picture, [margin, margin, *[none] * (picture.ndim - 2)], "edge")
    rows, columns = picture.shape[:2]
    total = jnp.zeros_like(picture)
    # Slices at places that are known when compiling are many times as fast as moving by `length`.
    for down in range(len(weight)):
        for right in range(len(weight)):
            part = around[down : down + rows, right : right + columns]
            total = total + weight[down, right] * part
    return total


def _line(length: Float[Array, "2"]) -> Float[Array, "tap tap"]:
    """Return the weights of a pixel's neighbours, rows first, that average along a line."""
    longest = 2.0 * FARTHEST_BLUR_PX
    length = length * jnp.minimum(1.0, longest / jnp.maximum(jnp.hypot(length[0], length[1]), 1e-6))
    share = (jnp.arange(_POSITIONS, dtype=jnp.float32) + 0.5) / _POSITIONS - 0.5
    tap = jnp.arange(-FARTHEST_BLUR_PX, FARTHEST_BLUR_PX + 1, dtype=jnp.float32)
    distance = jnp.abs(tap[None, :, None] - share[:, None, None] * length[None, None])
    bilinear = jnp.maximum(0.0, 1.0 - distance)
    return jnp.einsum("pi,pj->ij", bilinear[..., 1], bilinear[..., 0]) / _POSITIONS


def _noise(key: Array, shape: tuple[int, ...]) -> Float[Array, "..."]:
    """Return nearly normal noise of mean 0 and deviation 1: sums of the four bytes of a number.

    Drawing it takes a third of the time of truly normal noise.
    """
    number = jax.random.bits(key, shape, jnp.uint32)
    bytes_ = [(number >> place & 255).astype(jnp.float32) for place in (0, 8, 16, 24)]
    # A byte's variance is (256² − 1) / 12.
    return (sum(bytes_, jnp.zeros(shape)) - 510.0) / jnp.sqrt((256.0**2 - 1.0) / 3.0)

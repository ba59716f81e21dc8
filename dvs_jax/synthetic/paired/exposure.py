"""What a camera adds to a picture: blur along its movement, flickering exposure, and noise."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

FARTHEST_BLUR_PX = 8
"""Longest blur, to either side, in pixels of the picture."""

_DOUBLINGS = 3


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
    picture: Float[Array, "rows columns"],
    movement: Float[Array, "2"],
) -> Float[Array, "rows columns"]:
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
    picture: Float[Array, "rows columns"], length: Float[Array, "2"]
) -> Float[Array, "rows columns"]:
    """Average eight pictures that lie evenly along a line about the picture.

    Each pass doubles their number: it averages what has been averaged, moved to and fro.
    """
    longest = 2.0 * FARTHEST_BLUR_PX
    length = length * jnp.minimum(1.0, longest / jnp.maximum(jnp.hypot(*length), 1e-6))
    for doubling in range(1, _DOUBLINGS + 1):
        to_and_fro = length / 2.0 ** (doubling + 1)
        picture = 0.5 * (_moved(picture, to_and_fro) + _moved(picture, -to_and_fro))
    return picture


def _moved(
    picture: Float[Array, "rows columns"], by: Float[Array, "2"]
) -> Float[Array, "rows columns"]:
    """Move a picture, less than the farthest blur; its outermost pixels go on beyond its edges."""
    reach = FARTHEST_BLUR_PX
    whole = jnp.floor(by)
    x, y = whole.astype(jnp.int32) + reach
    right, down = by - whole
    around = jnp.pad(picture, reach + 1, "edge")
    rows, columns = picture.shape
    cut = jax.lax.dynamic_slice(around, (2 * reach - y, 2 * reach - x), (rows + 1, columns + 1))
    across = cut[:, 1:] + (cut[:, :-1] - cut[:, 1:]) * right
    return across[1:] + (across[:-1] - across[1:]) * down


def _noise(key: Array, shape: tuple[int, int]) -> Float[Array, "rows columns"]:
    """Return nearly normal noise of mean 0 and deviation 1: sums of the four bytes of a number.

    Drawing it takes a third of the time of truly normal noise.
    """
    number = jax.random.bits(key, shape, jnp.uint32)
    bytes_ = [(number >> place & 255).astype(jnp.float32) for place in (0, 8, 16, 24)]
    # A byte's variance is (256² − 1) / 12.
    return (sum(bytes_, jnp.zeros(shape)) - 510.0) / jnp.sqrt((256.0**2 - 1.0) / 3.0)

"""Square patches of the sphere's tangent planes, of which an equirectangular picture is cut."""

from functools import cache
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from dvs_jax.viewport.paver.architecture import PATCH


class Pixels(NamedTuple):
    """From which of a picture's pixels those of its patches are made, up to four of each.

    Attributes:
        place: int32 [corner, patch, pixel], numbers of the picture's pixels, rows first.
        share: float32 [corner, patch, pixel].
    """

    place: Int[np.ndarray, "corner patch pixel"]
    share: Float[np.ndarray, "corner patch pixel"]


@cache
def positions(height: int) -> Float[np.ndarray, "row column down along 2"]:
    """Return the row and the column of each pixel of each patch, float64.

    A patch is a grid on a plane that touches the sphere in the patch's middle. Its half side is the
    arctangent of its share of the circle rather than the tangent, so that patches fall short of the
    circle. Positions have no half pixel: row 0 is the pole. The published weights know it so.

    Args:
        height: of the picture, which is twice as wide.
    """
    width = 2 * height
    columns = width // PATCH
    half = np.arctan(np.pi / columns)
    along, down = np.meshgrid(np.linspace(-half, half, PATCH), np.linspace(half, -half, PATCH))
    points = np.stack([np.ones_like(along), along, down], axis=-1)
    rows = np.arange(columns // 4, -columns // 4, -1)
    about_y = _rotations(half * (2 * rows - 1), (0, 2))
    about_z = _rotations(half * (2 * np.arange(columns - 1, -1, -1) + 1), (1, 0))
    turned = np.einsum("dai,rij,cjk->rcdak", points, about_y, about_z)
    azimuth = np.arctan2(turned[..., 1], turned[..., 0]) % (2.0 * np.pi)
    polar = np.arctan2(np.hypot(turned[..., 0], turned[..., 1]), turned[..., 2])
    return np.stack([polar, azimuth], axis=-1) * (width / (2.0 * np.pi)) % width


def _rotations(angle: Float[np.ndarray, "one"], plane: tuple[int, int]) -> np.ndarray:
    """Matrices [one, 3, 3] that turn row vectors, with the sine at the plane's row and column."""
    first, second = plane
    found = np.tile(np.eye(3), (len(angle), 1, 1))
    found[:, first, first] = found[:, second, second] = np.cos(angle)
    found[:, first, second] = np.sin(angle)
    found[:, second, first] = -np.sin(angle)
    return found


@cache
def pixels(height: int, bilinear: bool) -> Pixels:
    """Return from which pixels of a picture its patches are made.

    Args:
        height: of the picture, which is twice as wide.
        bilinear: whether four pixels are weighed, of which those outside are black; otherwise
            positions are truncated.
    """
    place = positions(height).reshape(-1, PATCH * PATCH, 2)
    begin = np.floor(place).astype(np.int32)
    if not bilinear:
        return Pixels(_number(begin, height)[None], np.ones((1, *begin.shape[:-1]), np.float32))
    corners = [begin + np.array(corner) for corner in ((0, 0), (0, 1), (1, 0), (1, 1))]
    weights = [(1.0 - np.abs(corner - place)).prod(axis=-1) for corner in corners]
    inside = [((corner >= 0) & (corner < (height, 2 * height))).all(axis=-1) for corner in corners]
    share = np.stack(weights) * np.stack(inside)
    return Pixels(_number(np.stack(corners), height), share.astype(np.float32))


def _number(place: np.ndarray, height: int) -> np.ndarray:
    row, column = np.moveaxis(np.clip(place, 0, (height - 1, 2 * height - 1)), -1, 0)
    return row * 2 * height + column


def cut(
    picture: Float[Array, "height width channel"], bilinear: bool
) -> Float[Array, "patch value"]:
    """Return the patches of a picture, the columns of the upper row first.

    Args:
        picture: twice as wide as it is high.
        bilinear: as `pixels` takes it.

    Returns:
        Of each patch its pixels, the upper row first, and of each pixel its channels.
    """
    height, width, channels = picture.shape
    of = pixels(height, bilinear)
    found = picture.reshape(height * width, channels)[of.place]
    if not bilinear:
        return found[0].reshape(len(found[0]), -1)
    return (found * jnp.asarray(of.share)[..., None]).sum(axis=0).reshape(found.shape[1], -1)

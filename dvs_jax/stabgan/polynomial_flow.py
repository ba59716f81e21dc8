"""Farnebäck's optical flow on the device, for training: near what OpenCV computes in use.

Pictures are locally polynomials, r + bᵀp + pᵀAp; if the content moves by d, b changes by
−2Ad. (Farnebäck, "Two-frame motion estimation based on polynomial expansion", SCIA 2003.) With the
settings of `farneback.flow_between`.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

_RADIUS, _DEVIATION = 5, 1.2
"""Of the neighbourhood that a polynomial is fitted to."""
_WINDOW = 15
"""Sides of the square over which movement is averaged."""
_ITERATIONS = 3
_BLURS = (0.8, 0.5)
"""Deviations of the blur, over three pixels, before a picture is used at its size, and halved."""
_BORDER = (0.14, 0.14, 0.4472, 0.4472, 0.4472)
"""How much the outermost pixels count, along each axis."""
_LEAST_DETERMINANT = 1e-3

Plane = Float[Array, "row column"]


class _Polynomial(NamedTuple):
    """Around each pixel: the linear terms, and the quadratic ones, of which xy is whole."""

    x: Plane
    y: Plane
    xx: Plane
    yy: Plane
    xy: Plane


def flow_along(
    clip: Float[Array, "frame row column"],
) -> Float[Array, "frame row column 2"]:
    """Return by how many pixels (x, y) the content has moved from the frame before to each.

    Args:
        clip: grey, 0 to 255, 64 to 127 pixels along the shorter side.

    Returns:
        float32, at the pixels of the frame before; 0 for the first frame.
    """
    halved, whole = (
        jax.vmap(lambda frame: _expanded(_at_size(frame, halved=True)))(clip),
        jax.vmap(lambda frame: _expanded(_at_size(frame, halved=False)))(clip),
    )
    before = jax.tree.map(lambda x: x[:-1], (halved, whole))
    after = jax.tree.map(lambda x: x[1:], (halved, whole))
    flow = jax.vmap(_flow_between)(before, after)
    return jnp.concatenate([jnp.zeros_like(flow[:1]), flow])


def _flow_between(
    before: tuple[_Polynomial, _Polynomial], after: tuple[_Polynomial, _Polynomial]
) -> Float[Array, "row column 2"]:
    """Return the flow of frames that are expanded at half the size and at their own."""
    flow = jnp.zeros((*before[0].x.shape, 2))
    for one, other in zip(before, after, strict=True):
        if one.x.shape != flow.shape[:2]:
            flow = 2.0 * jax.image.resize(flow, (*one.x.shape, 2), "linear")
        for _ in range(_ITERATIONS):
            flow = _improved(one, other, flow)
    return flow


def _at_size(picture: Plane, halved: bool) -> Plane:
    blurred = _along_both(picture, _gaussian(1, _BLURS[halved]))
    if not halved:
        return blurred
    rows, columns = (length // 2 for length in picture.shape)
    return blurred.reshape(rows, 2, columns, 2).mean(axis=(1, 3))


def _gaussian(radius: int, deviation: float) -> Float[np.ndarray, "tap"]:
    weight = np.exp(-0.5 * (np.arange(-radius, radius + 1) / deviation) ** 2)
    return weight / weight.sum()


def _along_both(picture: Plane, taps: Float[np.ndarray, "tap"]) -> Plane:
    return _along(_along(picture, taps, 0), taps, 1)


def _along(picture: Plane, taps: Float[np.ndarray, "tap"], axis: int) -> Plane:
    """Return sums of neighbours along an axis, the outermost pixels going on.

    As a product with a matrix: several times as fast on a CPU as a sum of slices.
    """
    matrix = jnp.asarray(_summing(taps, picture.shape[axis]))
    highest = jax.lax.Precision.HIGHEST
    if axis == 0:
        return jnp.matmul(matrix, picture, precision=highest)
    return jnp.matmul(picture, matrix.T, precision=highest)


def _summing(taps: Float[np.ndarray, "tap"], length: int) -> Float[np.ndarray, "pixel neighbour"]:
    matrix, radius = np.zeros((length, length), np.float32), len(taps) // 2
    for pixel in range(length):
        neighbour = np.clip(pixel + np.arange(-radius, radius + 1), 0, length - 1)
        np.add.at(matrix[pixel], neighbour, taps)
    return matrix


def _expanded(picture: Plane) -> _Polynomial:
    """Fit a polynomial around each pixel, least squares weighted by a Gaussian."""
    weight, away = _gaussian(_RADIUS, _DEVIATION), np.arange(-_RADIUS, _RADIUS + 1.0)
    second, fourth = ((weight * away**power).sum() for power in (2, 4))
    down = [_along(picture, weight * away**power, 0) for power in range(3)]
    mean, x, xx = (_along(down[0], weight * away**power, 1) for power in range(3))
    y, xy = (_along(down[1], weight * away**power, 1) for power in range(2))
    yy = _along(down[2], weight, 1)
    # 1, x² and y² are not orthogonal to each other: the squares less the deviation squared are.
    spread = fourth - second**2
    return _Polynomial(
        x / second,
        y / second,
        (xx - second * mean) / spread,
        (yy - second * mean) / spread,
        xy / second**2,
    )


def _improved(
    one: _Polynomial, other: _Polynomial, flow: Float[Array, "row column 2"]
) -> Float[Array, "row column 2"]:
    moved, inside = _moved(other, flow)
    xx, yy, xy = (
        jnp.where(inside, 0.5 * (left + right), left)
        for left, right in zip(one[2:], moved[2:], strict=True)
    )
    xy = 0.5 * xy
    x, y = (
        0.5 * (left - jnp.where(inside, right, 0.0))
        for left, right in zip(one[:2], moved[:2], strict=True)
    )
    x, y = x + xx * flow[..., 0] + xy * flow[..., 1], y + xy * flow[..., 0] + yy * flow[..., 1]
    count = jnp.asarray(_border_weights(*inside.shape))
    x, y, xx, yy, xy = (count * each for each in (x, y, xx, yy, xy))
    products = (xx**2 + xy**2, (xx + yy) * xy, yy**2 + xy**2, xx * x + xy * y, xy * x + yy * y)
    box = np.full(_WINDOW, 1.0 / _WINDOW)
    g11, g12, g22, h1, h2 = (_along_both(each, box) for each in products)
    determinant = g11 * g22 - g12**2 + _LEAST_DETERMINANT
    return jnp.stack([g22 * h1 - g12 * h2, g11 * h2 - g12 * h1], -1) / determinant[..., None]


def _border_weights(rows: int, columns: int) -> Float[np.ndarray, "row column"]:
    down, across = (np.ones(length, np.float32) for length in (rows, columns))
    for axis in (down, across):
        axis[: len(_BORDER)] *= _BORDER
        axis[-len(_BORDER) :] *= _BORDER[::-1]
    return down[:, None] * across[None]


def _moved(
    polynomial: _Polynomial, flow: Float[Array, "row column 2"]
) -> tuple[_Polynomial, Array]:
    """Return the polynomials at places that have moved, bilinearly, and which lie inside."""
    rows, columns = flow.shape[:2]
    x = jnp.arange(columns)[None, :] + flow[..., 0]
    y = jnp.arange(rows)[:, None] + flow[..., 1]
    left, top = jnp.floor(x), jnp.floor(y)
    inside = (left >= 0) & (top >= 0) & (left < columns - 1) & (top < rows - 1)
    index = jnp.where(inside, top * columns + left, 0.0).astype(jnp.int32)
    right, below = (x - left)[..., None], (y - top)[..., None]
    flat = jnp.stack(polynomial, axis=-1).reshape(-1, len(polynomial))
    upper, lower = (
        flat[index + step] * (1.0 - right) + flat[index + step + 1] * right for step in (0, columns)
    )
    sampled = upper * (1.0 - below) + lower * below
    return _Polynomial(*jnp.moveaxis(sampled, -1, 0)), inside

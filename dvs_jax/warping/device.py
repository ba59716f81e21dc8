"""Frames warped by a backward grid on the device; `host` does the same on the host.

As there, source positions are computed on a lattice and interpolated bilinearly in between.
Positions are not rounded to 1/64 pixel as OpenCV's are (1/32 for chroma), so at sharp edges the two
differ by a few levels.

Floating-point frames are neither rounded nor clipped, so the result has gradients with respect to
the frame and the grid, and through `turning.source_grids` to the poses.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Num, UInt

from dvs_jax.warping import doubling
from dvs_jax.warping import grid as grids
from dvs_jax.warping.host import (
    BRIGHTEST_OF_10_BITS,
    LATTICE_STEP,
    LEVELS_OF_10_BITS,
    Border,
)

_BLACK = (16.0, 128.0, 128.0)

_FARTHEST = 4.0
"""Positions are clamped to this distance, in frames: beyond it everything is border anyway."""


@partial(jax.jit, static_argnames="border")
def warp_frames(
    frames: Num[Array, "frame height width channel"],
    sources: Float[Array, "frame rows columns 2"],
    kept: Float[Array, ""] | float,
    border: Border,
) -> Num[Array, "frame height width channel"]:
    """Warp a batch of frames by their grids, sampled sharply (see `doubling`).

    It is compiled once for each type and size of frames, grids and batch, and for each border.

    Args:
        frames: source pictures, RGB, uint8 or floating-point numbers.
        sources: float32, a backward grid a frame (see `grid`).
        kept: the central fraction of the uncropped output, in each axis, that fills the output, the
            same for every frame; 1 for the uncropped output.
        border: what fills pixels that a frame does not cover.

    Returns:
        [frame, height, width, channel], of the source's type and size; floating-point numbers are
        not rounded, and have gradients with respect to frames, sources and kept.
    """
    kept = jnp.asarray(kept, jnp.float32)
    return jax.vmap(lambda frame, source: warp_frame(frame, source, kept, border))(frames, sources)


def warp_frame(
    frame: Num[Array, "height width channel"],
    source: Float[Array, "rows columns 2"],
    kept: Float[Array, ""],
    border: Border,
) -> Num[Array, "height width channel"]:
    """Warp one frame; see `warp_frames`."""
    height, width, channels = frame.shape
    position = backward_map(source, (width, height), kept)
    return sharp_sample(frame, position, border, jnp.zeros(channels))


def warp_planes(
    luma: UInt[Array, "height width"],
    chroma: UInt[Array, "halfheight halfwidth 2"],
    source: Float[Array, "rows columns 2"],
    kept: Float[Array, ""],
    border: Border,
) -> tuple[UInt[Array, "evenheight evenwidth"], UInt[Array, "downs acrosses 2"]]:
    """Warp one frame of YCbCr 4:2:0 in limited range: luma sharply, chroma bilinearly.

    Args:
        luma: uint8, or uint16 of which 10 bits are used.
        chroma: likewise, Cb and Cr, at half the size, rounded up.
        source: float32, a backward grid (see `grid`).
        kept: see `warp_frames`.
        border: what fills pixels that the frame does not cover.

    Returns:
        Luma and chroma likewise, without a last odd row and column.
    """
    height, width = luma.shape
    coarse = lattice_map(source, (width, height), kept)
    even = width - width % 2, height - height % 2
    half = even[0] // 2, even[1] // 2
    # A chroma sample is taken to lie at the centre of its four luma pixels.
    positions = _between_lattice((coarse + 0.5) / 2.0 - 0.5, half, LATTICE_STEP // 2)
    bright = _between_lattice(coarse, even, LATTICE_STEP)
    black = jnp.asarray(_BLACK) * (1 if luma.dtype == jnp.uint8 else LEVELS_OF_10_BITS)
    drawn = sharp_sample(luma[..., None], bright, border, black[:1])[..., 0]
    return drawn, sample(chroma, positions, border, black[1:])


def backward_map(
    source: Float[Array, "rows columns 2"], size: tuple[int, int], kept: Float[Array, ""]
) -> Float[Array, "height width 2"]:
    """Return the source pixel (x, y) of every output pixel, float32, integers at pixel centres.

    Args:
        source: a backward grid (see `grid`).
        size: width and height of source and output in pixels.
        kept: see `warp_frames`.
    """
    return _between_lattice(lattice_map(source, size, kept), size, LATTICE_STEP)


def lattice_map(
    source: Float[Array, "rows columns 2"], size: tuple[int, int], kept: Float[Array, ""]
) -> Float[Array, "down across 2"]:
    """Return the source positions of lattice points; see `host.lattice_map`."""
    across, down = (_lattice(length, kept) for length in size)
    positions = grids.at(source, down, across)
    return positions * jnp.broadcast_to(jnp.asarray(size, jnp.float32), positions.shape) - 0.5


def _lattice(length: int, kept: Float[Array, ""]) -> Float[Array, "point"]:
    """Return the lattice points along one axis, as fractions of the uncropped output."""
    squares = jnp.arange(-1, -(-length // LATTICE_STEP) + 1)
    return 0.5 + ((squares + 0.5) * LATTICE_STEP / length - 0.5) * kept


def _between_lattice(
    coarse: Float[Array, "row column 2"], size: tuple[int, int], step: int
) -> Float[Array, "height width 2"]:
    """Interpolate the positions of all pixels bilinearly from a lattice with `step` pixels."""
    for axis, length in enumerate((size[1], size[0])):
        coarse = _between(coarse, axis, length, step)
    return coarse


def _between(
    coarse: Float[Array, "row column 2"], axis: int, length: int, step: int
) -> Float[Array, "row2 column2 2"]:
    coarse = jnp.moveaxis(coarse, axis, 0)
    shape = (len(coarse) - 1, step, *coarse.shape[1:])
    share = jnp.broadcast_to(((jnp.arange(step) + 0.5) / step).reshape(1, -1, 1, 1), shape)
    before, after = (jnp.broadcast_to(part[:, None], shape) for part in (coarse[:-1], coarse[1:]))
    fine = (before + (after - before) * share).reshape(-1, *coarse.shape[1:])
    # The first lattice point is the centre of the square before the frame.
    return jnp.moveaxis(fine[step // 2 : step // 2 + length], 0, axis)


def sharp_sample(
    frame: Num[Array, "height width channel"],
    position: Float[Array, "outheight outwidth 2"],
    border: Border,
    black: Float[Array, "channel"],
) -> Num[Array, "outheight outwidth channel"]:
    """Return a frame's samples by the kernel of `doubling`; see `sample`."""
    return sample(doubled(frame), 2.0 * position, border, black)


def doubled(frame: Num[Array, "height width channel"]) -> Num[Array, "height2 width2 channel"]:
    """Return a frame with the values halfway between its pixels; see `doubling.doubled`."""
    for axis in (1, 0):
        frame = _doubled_along(frame, axis)
    return frame


def _doubled_along(
    frame: Num[Array, "height width channel"], axis: int
) -> Num[Array, "height2 width2 channel"]:
    length = frame.shape[axis]
    beside = [(doubling.REACH - 1, doubling.REACH) if each == axis else (0, 0) for each in range(3)]
    around = jnp.pad(frame, beside, "reflect")
    between = jnp.zeros((), frame.dtype)
    for tap, weight in enumerate(doubling.HALFWAY):
        between = between + weight * jax.lax.slice_in_dim(around, tap, tap + length, axis=axis)
    both = jnp.stack([frame, _in_type_of(frame, between)], axis + 1)
    shape = [2 * length if each == axis else frame.shape[each] for each in range(frame.ndim)]
    return jax.lax.slice_in_dim(both.reshape(shape), 0, 2 * length - 1, axis=axis)


def sample(
    frame: Num[Array, "height width channel"],
    position: Float[Array, "outheight outwidth 2"],
    border: Border,
    black: Float[Array, "channel"],
) -> Num[Array, "outheight outwidth channel"]:
    """Return a frame's bilinear samples.

    Args:
        frame: a picture, integers of 8 or 10 bits or floating-point numbers, which are not rounded.
        position: float32 (x, y) in pixels, integers at pixel centres.
        border: what lies around the frame: black, or its mirror image about its outermost pixels.
        black: float32, the value of black in each channel.
    """
    height, width, channels = frame.shape
    far = _FARTHEST * jnp.asarray([width, height], jnp.float32)
    far = jnp.broadcast_to(far, position.shape)
    position = jnp.clip(jnp.where(jnp.isfinite(position), position, far), -far, far)
    x, y = jnp.moveaxis(jnp.floor(position).astype(jnp.int32), -1, 0)
    pixels = frame.reshape(-1, channels)
    computed = jnp.promote_types(frame.dtype, jnp.float32)
    black = jnp.broadcast_to(black, (*x.shape, channels))
    total = black
    for down in (0, 1):
        for right in (0, 1):
            weight = _weight(position[..., 0], x, right) * _weight(position[..., 1], y, down)
            column, inside_x = _index(x + right, width, border)
            row, inside_y = _index(y + down, height, border)
            weight = jnp.where(inside_x & inside_y, weight, 0.0)
            taken = pixels[row * width + column].astype(computed)
            total = total + jnp.broadcast_to(weight[..., None], taken.shape) * (taken - black)
    return _in_type_of(frame, total)


def _in_type_of(frame: Num[Array, "..."], values: Float[Array, "*shape"]) -> Num[Array, "*shape"]:
    """Return values in a frame's type: rounded and clipped for 8 and 10 bits."""
    if jnp.issubdtype(frame.dtype, jnp.floating):
        return values.astype(frame.dtype)
    brightest = 255 if frame.dtype == jnp.uint8 else BRIGHTEST_OF_10_BITS
    return jnp.clip(jnp.round(values), 0.0, float(brightest)).astype(frame.dtype)


def _weight(
    position: Float[Array, "*pixel"], first: Int[Array, "*pixel"], step: int
) -> Float[Array, "*pixel"]:
    """Return the bilinear weight of the first pixel of two, or of the next one (step 1).

    It has a gradient on pixels too, where a distance has none. XLA may compute a position anew for
    each use, and round it to different sides of a pixel: that changes a weight no more than it.
    """
    beyond = position - first
    return beyond if step else 1.0 - beyond


def _index(
    wanted: Int[Array, "*pixel"], length: int, border: Border
) -> tuple[Int[Array, "*pixel"], Bool[Array, "*pixel"]]:
    """Return the pixel for an index that may lie outside, and whether it is part of the image."""
    if border == "black":
        return jnp.clip(wanted, 0, length - 1), (wanted >= 0) & (wanted < length)
    period = max(2 * (length - 1), 1)
    folded = jnp.abs((wanted + length - 1) % period - (length - 1))
    return folded, jnp.ones_like(wanted, bool)

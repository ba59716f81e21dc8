"""A grid onto frames on the device; `warp` does the same on the host.

As there, source positions are solved for on a lattice and are bilinear in between. Sampling is not
rounded to 1/32 pixel as OpenCV's is, so next to sharp edges the two differ by a few levels.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, UInt8

from dvs_jax.warping.host import LATTICE_STEP, Border, source_positions

_BLACK = (16.0, 128.0, 128.0)

_FARTHEST = 4.0
"""Positions further outside than this, in frames, are taken for as far: all of them are border."""


@partial(jax.jit, static_argnames="border")
def warp_frames(
    frames: UInt8[Array, "frame height width channel"],
    grids: Float[Array, "frame row column 4"],
    kept: Float[Array, ""] | float,
    border: Border,
) -> UInt8[Array, "frame height width channel"]:
    """Draw a batch of frames as the virtual camera sees them.

    It is compiled once for each size of the frames, the grids and the batch, and each border.

    Args:
        frames: uint8 source pictures, RGB.
        grids: float32, one grid a frame; see `warp.source_positions`.
        kept: the central share of the uncropped output, in each axis, that fills the output, the
            same for every frame; 1 for the uncropped output.
        border: what fills pixels that a frame does not cover.

    Returns:
        uint8 [frame, height, width, channel], of the source's size.
    """
    kept = jnp.asarray(kept, jnp.float32)
    return jax.vmap(lambda frame, grid: warp_frame(frame, grid, kept, border))(frames, grids)


def warp_frame(
    frame: UInt8[Array, "height width channel"],
    grid: Float[Array, "row column 4"],
    kept: Float[Array, ""],
    border: Border,
) -> UInt8[Array, "height width channel"]:
    """Draw one frame; see `warp_frames`."""
    height, width, channels = frame.shape
    black = jnp.zeros(channels)
    return sample(frame, backward_map(grid, (width, height), kept), border, black)


def warp_planes(
    luma: UInt8[Array, "height width"],
    chroma: UInt8[Array, "halfheight halfwidth 2"],
    grid: Float[Array, "row column 4"],
    kept: Float[Array, ""],
    border: Border,
) -> tuple[UInt8[Array, "evenheight evenwidth"], UInt8[Array, "rows columns 2"]]:
    """Draw one frame of YCbCr 4:2:0 in limited range.

    Args:
        luma: uint8.
        chroma: uint8, the blue and the red difference, at half the size, rounded up.
        grid: see `warp_frames`, as for what follows.
        kept: the share that is shown.
        border: what fills pixels that the frame does not cover.

    Returns:
        Luma and chroma likewise, without a last odd row and column.
    """
    height, width = luma.shape
    coarse = lattice_map(grid, (width, height), kept)
    even = width - width % 2, height - height % 2
    half = even[0] // 2, even[1] // 2
    # A chroma sample counts as the middle of its four luma pixels.
    positions = _between_lattice((coarse + 0.5) / 2.0 - 0.5, half, LATTICE_STEP // 2)
    bright = _between_lattice(coarse, even, LATTICE_STEP)
    black = jnp.asarray(_BLACK)
    drawn = sample(luma[..., None], bright, border, black[:1])[..., 0]
    return drawn, sample(chroma, positions, border, black[1:])


@partial(jax.jit, static_argnames="size")
def lattice_maps(
    grids: Float[Array, "frame row column 4"],
    kept: Float[Array, "frame video"],
    size: tuple[int, int],
) -> Float[Array, "frame video row2 column2 2"]:
    """Return `lattice_map` of many frames, each as it is shown in every video.

    It is compiled once for each size and number of frames.

    Args:
        grids: float32; see `warp.source_positions`.
        kept: float32, the shares that the videos show.
        size: width and height of the frames.
    """
    of_videos = jax.vmap(lattice_map, (None, None, 0))
    return jax.vmap(of_videos, (0, None, 0))(grids, size, kept)


def backward_map(
    grid: Float[Array, "row column 4"], size: tuple[int, int], kept: Float[Array, ""]
) -> Float[Array, "height width 2"]:
    """Return the source pixel (x, y) of every output pixel, float32, integers at pixel centres.

    Args:
        grid: see `warp.source_positions`.
        size: width and height of source and output in pixels.
        kept: see `warp_frames`.
    """
    return _between_lattice(lattice_map(grid, size, kept), size, LATTICE_STEP)


# By default accelerators multiply matrices in 10 bits or less: that is pixels of a full HD frame.
@jax.default_matmul_precision("highest")
def lattice_map(
    grid: Float[Array, "row column 4"], size: tuple[int, int], kept: Float[Array, ""]
) -> Float[Array, "row2 column2 2"]:
    """Return the source pixels of the middles of squares of the output, and of those around it.

    Args:
        grid: see `warp.source_positions`.
        size: width and height of the frame in pixels.
        kept: see `warp_frames`.

    Returns:
        float32, (x, y); see `warp.lattice_map`.
    """
    x, y = (_lattice(length, kept) for length in size)
    target = jnp.stack(jnp.meshgrid(x, y), axis=-1)
    return source_positions(grid, target) * jnp.broadcast_to(jnp.asarray(size), target.shape)


def _lattice(length: int, kept: Float[Array, ""]) -> Float[Array, "point"]:
    """Return the points of one axis that are solved for, in shares of the uncropped output."""
    middles = (jnp.arange(-1, -(-length // LATTICE_STEP) + 1) + 0.5) * LATTICE_STEP - 0.5
    center = (length - 1) / 2
    return (center + (middles - center) * kept) / length


def _between_lattice(
    coarse: Float[Array, "row column 2"], size: tuple[int, int], step: int
) -> Float[Array, "height width 2"]:
    """Return the positions of all pixels from those of the middles of squares of `step` pixels."""
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
    # The first point of the lattice is the middle of the square before the frame.
    return jnp.moveaxis(fine[step // 2 : step // 2 + length], 0, axis)


def sample(
    frame: UInt8[Array, "height width channel"],
    position: Float[Array, "outheight outwidth 2"],
    border: Border,
    black: Float[Array, "channel"],
) -> UInt8[Array, "outheight outwidth channel"]:
    """Return a frame's bilinear samples.

    Args:
        frame: uint8 picture.
        position: float32 (x, y) in pixels, integers at pixel centres.
        border: what lies around the frame: black, or its mirror image about its outermost pixels.
        black: float32, what black is.
    """
    height, width, channels = frame.shape
    far = _FARTHEST * jnp.asarray([width, height], jnp.float32)
    far = jnp.broadcast_to(far, position.shape)
    position = jnp.clip(jnp.where(jnp.isfinite(position), position, far), -far, far)
    x, y = jnp.moveaxis(jnp.floor(position).astype(jnp.int32), -1, 0)
    pixels = frame.reshape(-1, channels)
    black = jnp.broadcast_to(black, (*x.shape, channels))
    total = black
    for down in (0, 1):
        for right in (0, 1):
            weight = _nearness(position[..., 0], x + right) * _nearness(position[..., 1], y + down)
            column, inside_x = _index(x + right, width, border)
            row, inside_y = _index(y + down, height, border)
            weight = jnp.where(inside_x & inside_y, weight, 0.0)
            taken = pixels[row * width + column].astype(jnp.float32)
            total = total + jnp.broadcast_to(weight[..., None], taken.shape) * (taken - black)
    return jnp.round(total).astype(jnp.uint8)


def _nearness(
    position: Float[Array, "*pixel"], index: Int[Array, "*pixel"]
) -> Float[Array, "*pixel"]:
    """Return the weight of a pixel in a sample.

    It is not made of the share that rounding down leaves: XLA may compute a position anew for each
    use, and round it to different sides of a pixel.
    """
    return jnp.maximum(1.0 - jnp.abs(position - index), 0.0)


def _index(
    wanted: Int[Array, "*pixel"], length: int, border: Border
) -> tuple[Int[Array, "*pixel"], Bool[Array, "*pixel"]]:
    """Return which pixel stands at an index that may lie outside, and whether it counts."""
    if border == "black":
        return jnp.clip(wanted, 0, length - 1), (wanted >= 0) & (wanted < length)
    period = max(2 * (length - 1), 1)
    folded = jnp.abs((wanted + length - 1) % period - (length - 1))
    return folded, jnp.ones_like(wanted, bool)

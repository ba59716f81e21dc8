"""Our generator: frames and their flow, of a clip of any length, to an affine map each.

Convolutions tell which parts of a frame to trust; a robust fit makes its motion of the flow there;
and of the motion of all frames around, a smoothing filter and convolutions over time make the map.
It is convolutional in time: what it says of a frame depends on that frame, the 38 after it and
the 37 before, and on nothing else. Works on one clip, without a batch axis; `jax.vmap` makes
batches.
"""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Bool, Float

from dvs_jax.stabgan import robust_fit, smoothing_filter

LONGER_SIDE = 128
"""Longer side, in pixels, of the pictures that it looks at."""

SEEN_AROUND = 2
"""Frames on either side on which the motion of a frame depends."""

DILATIONS = (1, 2)
"""Of the convolutions over time, five frames wide."""

TOLD_AROUND = smoothing_filter.AROUND + 2 * sum(DILATIONS)
"""Frames on either side on whose motion a frame's map depends."""

MOTION = 4
"""Numbers of a frame's motion: zoom, turn, and shift right and down in halves of the sides."""

_INPUTS = 7
_GROUPS = 8
_CHANNELS = 96
_FLOW_SCALE = 10.0
_HALVES = 2.0 / _FLOW_SCALE
"""From the flow in `generator_input` to halves of the sides."""
_LEAST_DETAIL = 1e-4
"""Added to the squared difference of neighbouring pixels, of 0 to 1: flow counts by it."""
_DETAILED = 4e-4
"""Detail of which a cell counts half as much as it may."""
_OF_MOTION = 20.0
"""Factor of the motion that the convolutions over time take."""
_TOLD = 0.1
"""Factor of what the last layer adds: a pixel is a small number."""
_OF_SHARE = 10.0
"""Factor of what the last layer says of the share, which is to be near 1 soon."""
_LAYERS = ((1, 5, 32), (3, 3, 48), (3, 3, 64))
"""Frames and pixels along each side of the kernel, and channels, of the convolutions."""
_CELL = 2 ** len(_LAYERS)
_ZOOM, _TURN, _SHIFT = 0.1, 0.1, 0.2
"""Limits of what the maps do, in coordinates from −1 to 1."""

Layers = Float[Array, "frame row column channel"]
Motion = Float[Array, "frame 4"]
Present = Bool[Array, "frame"]
Scalar = float | Float[Array, ""]


class Generator(nnx.Module):
    """Trust in the parts of each frame, their motion, and its smoothing; begins at the identity."""

    def __init__(self, rngs: nnx.Rngs, similarity: bool = True):
        """Draw the weights; the last layers' are zero.

        Args:
            rngs: randomness.
            similarity: whether maps only shift, turn and zoom; else they shear as well.
        """
        channels = [_INPUTS, *(layer[2] for layer in _LAYERS)]
        self.convolutions = nnx.List(
            [
                nnx.Conv(frames * before, after, (side, side), strides=2, rngs=rngs)
                for before, (frames, side, after) in zip(channels, _LAYERS, strict=False)
            ]
        )
        self.norms = nnx.List([nnx.GroupNorm(each, _GROUPS, rngs=rngs) for each in channels[1:]])
        zeros = nnx.initializers.zeros
        self.trust = nnx.Linear(channels[-1], 1, kernel_init=zeros, rngs=rngs)
        self.smoothing = nnx.Param(
            jnp.tile(jnp.asarray(smoothing_filter.gaussian())[:, None], MOTION)
        )
        self.known = nnx.Linear(2 * MOTION + 1, _CHANNELS, rngs=rngs)
        self.over_time = nnx.List(
            [
                nnx.Conv(_CHANNELS, _CHANNELS, (5,), kernel_dilation=each, rngs=rngs)
                for each in DILATIONS
            ]
        )
        self.last = nnx.Linear(_CHANNELS, 7, kernel_init=zeros, rngs=rngs)
        self.similarity = similarity

    def __call__(self, x: Layers, present: Present, aspect: Scalar) -> Float[Array, "frame 2 3"]:
        """Return each frame's affine map, from output to input, from edge to edge −1 to 1.

        Args:
            x: float32 [frame, row, column, 7], see `generator_input`.
            present: false for frames that lie before or after the clip; they change nothing.
            aspect: height over width of the frames as they are shown.
        """
        return self.maps(self.motion(x, present), present, aspect)

    def motion(self, x: Layers, present: Present) -> Motion:
        """Return how each frame has moved since the one before; see `__call__` and `MOTION`."""
        here = present.astype(x.dtype)[:, None, None, None]
        rows, columns = x.shape[1:3]
        detail, flow = _in_cells_by_detail(x)
        for (frames, *_), layer, norm in zip(_LAYERS, self.convolutions, self.norms, strict=True):
            x = jnp.broadcast_to(here, x.shape) * x
            # A convolution over three frames, written as one of pictures: quicker on a CPU. Each
            # frame is a sample of its own, so that norms take their statistics of it alone.
            x = nnx.silu(norm(layer(_with_neighbours(x) if frames == 3 else x)))
        trust = jnp.exp(self.trust(x))[..., 0] * detail / (detail + _DETAILED)
        return jnp.where(present[:, None], _fitted(flow, trust, rows / columns), 0.0)

    def maps_by_flow(
        self, flow: Float[Array, "frame 4 4 2"], aspect: Scalar
    ) -> Float[Array, "frame 2 3"]:
        """Return what is said of frames of which nothing is known but their flow.

        Args:
            flow: means over equally large cells of the flow in `generator_input`.
            aspect: see `__call__`.
        """
        motion = _fitted(flow, jnp.ones(flow.shape[:-1]), aspect)
        return self.maps(motion, jnp.ones(len(flow), bool), aspect)

    def maps(self, motion: Motion, present: Present, aspect: Scalar) -> Float[Array, "frame 2 3"]:
        """Return each frame's affine map; see `__call__`.

        It is a share of what smoothing the motion asks for, and what convolutions add to that.
        """
        here = present.astype(motion.dtype)[:, None]
        away = smoothing_filter.deviation(motion, present, self.smoothing[...])
        known = jnp.concatenate([_OF_MOTION * motion, _OF_MOTION * away, here], axis=-1)
        x = nnx.silu(self.known(known))
        for layer in self.over_time:
            x = x + nnx.silu(layer(jnp.broadcast_to(here, x.shape) * x))
        last = self.last(x)
        share = jnp.tanh(_OF_SHARE * last[:, :1])
        zoom, turn, right, down = jnp.moveaxis(jnp.broadcast_to(share, away.shape) * away, -1, 0)
        told = jnp.stack([zoom, -turn, right, turn, zoom, down], axis=-1) + _TOLD * last[:, 1:]
        return affine_maps(told, aspect, self.similarity)


def affine_maps(
    told: Float[Array, "frame 6"], aspect: Scalar, similarity: bool
) -> Float[Array, "frame 2 3"]:
    """Return the bounded affine maps that numbers stand for, near 0 equal to them.

    Args:
        told: zoom, turn and shift across, then turn, zoom and shift down.
        aspect: height over width of the frames, without which a turn would be none.
        similarity: whether both zooms are the first one, and both turns.
    """
    wide, across, right, down, high, below = jnp.moveaxis(told, -1, 0)
    if similarity:
        high, down = wide, -across
    rows = [
        [1.0 + _bounded(wide, _ZOOM), _bounded(across, _TURN) * aspect, _bounded(right, _SHIFT)],
        [_bounded(down, _TURN) / aspect, 1.0 + _bounded(high, _ZOOM), _bounded(below, _SHIFT)],
    ]
    return jnp.stack([jnp.stack(row, axis=-1) for row in rows], axis=-2)


def _bounded(x: Float[Array, "frame"], limit: float) -> Float[Array, "frame"]:
    return limit * jnp.tanh(x / limit)


def generator_input(
    frames: Float[Array, "frame row column 3"], flow: Float[Array, "frame row column 2"]
) -> Float[Array, "frame row column 7"]:
    """Return what the generator takes of one clip: colours, flow and coordinates.

    Args:
        frames: RGB, 0 to 1.
        flow: (x, y) in pixels, from the frame before to each; zero for the first.
    """
    rows, columns = frames.shape[1:3]
    share = flow * jnp.broadcast_to(_FLOW_SCALE / jnp.asarray([columns, rows]), flow.shape)
    x, y = ((2.0 * np.arange(length) + 1.0) / length - 1.0 for length in (columns, rows))
    place = jnp.asarray(np.stack(np.meshgrid(x, y), axis=-1), jnp.float32)
    return jnp.concatenate([frames - 0.5, share, jnp.broadcast_to(place, share.shape)], axis=-1)


def _with_neighbours(x: Layers) -> Float[Array, "frame row column three_channels"]:
    """Return each frame's channels between those of the frame before and of the one after."""
    nothing = jnp.zeros_like(x[:1])
    before, after = jnp.concatenate([nothing, x[:-1]]), jnp.concatenate([x[1:], nothing])
    return jnp.concatenate([before, x, after], axis=-1)


def _in_cells_by_detail(
    x: Layers,
) -> tuple[Float[Array, "frame row column"], Float[Array, "frame row column 2"]]:
    """Return each cell's detail, and its flow: the more of each pixel's the more detail is there.

    The cells are as many as the convolutions' last pixels.
    """
    grey = jnp.pad(x[..., :3].mean(-1), ((0, 0), (0, 1), (0, 1)), "edge")
    across, down = jnp.diff(grey[:, :-1], axis=2), jnp.diff(grey[:, :, :-1], axis=1)
    detail = (across**2 + down**2)[..., None]
    flow = x[..., 3:5]
    counts = jnp.broadcast_to(detail + _LEAST_DETAIL, flow.shape)
    return _in_cells(detail)[..., 0], _in_cells(counts * flow) / _in_cells(counts)


def _in_cells(x: Layers) -> Layers:
    """Return the means of equally large cells of each frame."""
    down, across = (jnp.asarray(_shares(length), x.dtype) for length in x.shape[1:3])
    return jnp.einsum("ir,frck,jc->fijk", down, x, across)


def _shares(length: int) -> Float[np.ndarray, "cell pixel"]:
    """Return how much each pixel counts in each cell's mean."""
    count = -(-length // _CELL)
    cell = length / count
    begin, pixel = cell * np.arange(count)[:, None], np.arange(length)[None]
    overlap = np.minimum(begin + cell, pixel + 1) - np.maximum(begin, pixel)
    return np.clip(overlap, 0.0, None) / cell


def _fitted(
    flow: Float[Array, "frame row column 2"],
    trust: Float[Array, "frame row column"],
    aspect: Scalar,
) -> Motion:
    """Return the motion that most of the flow in cells agrees with."""
    frames, rows, columns, _ = flow.shape
    sides = jnp.stack([jnp.ones(()), jnp.asarray(aspect, flow.dtype)])
    middle = jnp.asarray(robust_fit.centres(rows, columns))
    place = middle * jnp.broadcast_to(sides, middle.shape)
    halves = _HALVES * flow.reshape(frames, -1, 2)
    moved = halves * jnp.broadcast_to(sides, halves.shape)
    fit = jax.vmap(robust_fit.fit, (None, 0, 0))
    zoom, turn, right, down = fit(place, moved, trust.reshape(frames, -1)).T
    return jnp.stack([zoom, turn, right, down / sides[1]], axis=-1)

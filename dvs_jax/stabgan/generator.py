"""Our generator: frames and their flow, of a clip of any length, to an affine map each.

It is convolutional in time: what it says of a frame depends on that frame and 32 on either side,
and on nothing else. Works on one clip, without a batch axis; `jax.vmap` makes batches.
"""

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Bool, Float

LONGER_SIDE = 128
"""Longer side, in pixels, of the pictures that it looks at."""

SEEN_AROUND = 2
"""Frames on either side on which the description of a frame depends."""

DILATIONS = (1, 2, 4, 8)
"""Of the convolutions over time, five descriptions wide."""

TOLD_AROUND = 2 * sum(DILATIONS)
"""Descriptions on either side on which a frame's map depends."""

DESCRIPTION = 128
"""Numbers that describe a frame."""

_INPUTS = 7
_GROUPS = 8
_CELLS = 4
_FLOW_SCALE = 10.0
_OF_CELLS = 10.0
"""Factor of the flow in cells, in which a pixel of it is about 1."""
_LEAST_DETAIL = 1e-4
"""Added to the squared difference of neighbouring pixels, of 0 to 1: flow counts by it."""
_SMOOTH_FRAMES = 15.0
"""Deviation of the Gaussian over time that training begins with."""
_TOLD = 0.1
"""Factor of what the last layer says: a pixel is a small number."""
_LAYERS = ((1, 5, 32), (3, 3, 48), (3, 3, 64), (1, 3, 96))
"""Frames and pixels along each side of the kernel, and channels, of the convolutions."""
_ZOOM, _TURN, _SHIFT = 0.1, 0.1, 0.2
"""Limits of what the maps do, in coordinates from −1 to 1."""

Layers = Float[Array, "frame row column channel"]
Descriptions = Float[Array, "frame 128"]
Present = Bool[Array, "frame"]
Scalar = float | Float[Array, ""]


class Generator(nnx.Module):
    """Convolutions that halve the pictures, then convolutions over time; begins at the identity."""

    def __init__(self, rngs: nnx.Rngs, similarity: bool = True):
        """Draw the weights; the last layer's are zero.

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
        self.describe_looks = nnx.Linear(
            _CELLS**2 * channels[-1], DESCRIPTION, kernel_init=zeros, use_bias=False, rngs=rngs
        )
        self.describe_flow = nnx.Linear(2 * _CELLS**2, DESCRIPTION, rngs=rngs)
        self.over_time = nnx.List(
            [
                nnx.Conv(DESCRIPTION, DESCRIPTION, (5,), kernel_dilation=each, rngs=rngs)
                for each in DILATIONS
            ]
        )
        self.motion = nnx.Linear(DESCRIPTION, 6, kernel_init=zeros, rngs=rngs)
        self.smoothing = nnx.Param(jnp.tile(jnp.asarray(_smoothing())[:, None], (1, 6)))
        self.last = nnx.Linear(DESCRIPTION, 6, kernel_init=zeros, rngs=rngs)
        self.similarity = similarity

    def __call__(self, x: Layers, present: Present, aspect: Scalar) -> Float[Array, "frame 2 3"]:
        """Return each frame's affine map, from output to input, from edge to edge −1 to 1.

        Args:
            x: float32 [frame, row, column, 7], see `generator_input`.
            present: false for frames that lie before or after the clip; they change nothing.
            aspect: height over width of the frames as they are shown.
        """
        return self.maps(self.descriptions(x, present), present, aspect)

    def descriptions(self, x: Layers, present: Present) -> Descriptions:
        """Return what describes each frame and its motion; see `__call__`."""
        here = present.astype(x.dtype)[:, None, None, None]
        flow = _flow_in_cells(x)
        for (frames, *_), layer, norm in zip(_LAYERS, self.convolutions, self.norms, strict=True):
            x = jnp.broadcast_to(here, x.shape) * x
            # A convolution over three frames, written as one of pictures: quicker on a CPU. Each
            # frame is a sample of its own, so that norms take their statistics of it alone.
            x = nnx.silu(norm(layer(_with_neighbours(x) if frames == 3 else x)))
        return self._described(flow, self.describe_looks(_in_cells(x).reshape(len(x), -1)))

    def maps_by_flow(
        self, flow: Float[Array, "frame 4 4 2"], aspect: Scalar
    ) -> Float[Array, "frame 2 3"]:
        """Return what is said of frames of which nothing is known but their flow.

        Args:
            flow: means over equally large cells of the flow in `generator_input`.
            aspect: see `__call__`.
        """
        present = jnp.ones(len(flow), bool)
        return self.maps(self._described(flow, jnp.zeros(DESCRIPTION)), present, aspect)

    def _described(
        self, flow: Float[Array, "frame 4 4 2"], looks: Float[Array, "*frame 128"]
    ) -> Descriptions:
        # Norms make the convolutions blind for how far a picture moves as a whole.
        by_flow = self.describe_flow(_OF_CELLS * flow.reshape(len(flow), -1))
        return nnx.silu(by_flow + jnp.broadcast_to(looks, by_flow.shape))

    def maps(
        self, described: Descriptions, present: Present, aspect: Scalar
    ) -> Float[Array, "frame 2 3"]:
        """Return each frame's affine map; see `__call__`.

        It is what smoothing the motion asks for, and what the convolutions over time add to that.
        """
        here = present.astype(described.dtype)[:, None]
        motion = self.motion(described)
        smoothed = _filtered(jnp.broadcast_to(here, motion.shape) * motion, self.smoothing[...])
        for layer in self.over_time:
            here = jnp.broadcast_to(here, described.shape)
            described = described + nnx.silu(layer(here * described))
        return affine_maps(_TOLD * (smoothed + self.last(described)), aspect, self.similarity)


def _smoothing() -> Float[np.ndarray, "tap"]:
    """Return the weights of motion around a frame that tell how far it is from the smooth path.

    That is the path's mean around it, by a Gaussian.
    """
    away = np.arange(-TOLD_AROUND, TOLD_AROUND + 1)
    weight = np.exp(-0.5 * (away / _SMOOTH_FRAMES) ** 2)
    weight /= weight.sum()
    # The path up to a frame is the sum of all motion up to it.
    earlier = np.cumsum(weight) - weight
    return np.where(away <= 0, earlier, earlier - 1.0).astype(np.float32)


def _filtered(
    motion: Float[Array, "frame number"], weights: Float[Array, "tap number"]
) -> Float[Array, "frame number"]:
    """Return sums of the motion around each frame, zero beyond the clip."""
    around = jnp.pad(motion, ((TOLD_AROUND, TOLD_AROUND), (0, 0)))
    taken = [around[k : k + len(motion)] for k in range(len(weights))]
    return jnp.einsum("kfn,kn->fn", jnp.stack(taken), weights)


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


def _flow_in_cells(x: Layers) -> Float[Array, "frame 4 4 2"]:
    """Return the input's flow in cells, the more of each pixel's the more detail is there."""
    grey = jnp.pad(x[..., :3].mean(-1), ((0, 0), (0, 1), (0, 1)), "edge")
    across, down = jnp.diff(grey[:, :-1], axis=2), jnp.diff(grey[:, :, :-1], axis=1)
    detail = (across**2 + down**2 + _LEAST_DETAIL)[..., None]
    flow = x[..., 3:5]
    return _in_cells(jnp.broadcast_to(detail, flow.shape) * flow) / jnp.broadcast_to(
        _in_cells(detail), (len(x), _CELLS, _CELLS, 2)
    )


def _in_cells(x: Layers) -> Float[Array, "frame 4 4 channel"]:
    """Return the means of 4 × 4 equally large cells of each frame."""
    down, across = (jnp.asarray(_shares(length), x.dtype) for length in x.shape[1:3])
    return jnp.einsum("ir,frck,jc->fijk", down, x, across)


def _shares(length: int) -> Float[np.ndarray, "4 pixel"]:
    """Return how much each pixel counts in each cell's mean."""
    cell = length / _CELLS
    begin, pixel = cell * np.arange(_CELLS)[:, None], np.arange(length)[None]
    overlap = np.minimum(begin + cell, pixel + 1) - np.maximum(begin, pixel)
    return np.clip(overlap, 0.0, None) / cell

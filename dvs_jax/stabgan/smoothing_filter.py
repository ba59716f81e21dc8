"""How far a path is from its smoothed one, by weights over time that are learned."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

AROUND = 30
"""Frames on either side that a path is smoothed over."""

_AWAY = np.arange(-AROUND, AROUND + 1, dtype=np.float32)
_DEVIATION = 15.0
"""Of the Gaussian that training begins with, in frames."""
_LEAST = 1e-6


def gaussian() -> Float[np.ndarray, "tap"]:
    """Return the logarithms of the weights that training begins with."""
    return -0.5 * (_AWAY / _DEVIATION) ** 2


def deviation(
    motion: Float[Array, "frame number"],
    present: Bool[Array, "frame"],
    log_weights: Float[Array, "tap number"],
) -> Float[Array, "frame number"]:
    """Return a path's distance from the lines that are fitted around each of its frames.

    A line lags behind no pan, at the clip's ends neither.

    Args:
        motion: how the path goes on from the frame before to each.
        present: false for frames before and after the clip, which count nowhere.
        log_weights: of the frames from `AROUND` before to `AROUND` after the one in question.
    """
    here = present.astype(motion.dtype)
    weight = jnp.exp(log_weights)[None] * _around(here)[:, :, None]
    line = _line_weights(weight)
    # The path up to a frame is the sum of all motion up to it.
    earlier = jnp.cumsum(line, axis=1) - line
    after = jnp.asarray(_AWAY > 0, motion.dtype)[None, :, None]
    return ((earlier - after) * _around(motion * here[:, None])).sum(axis=1)


def _line_weights(weight: Float[Array, "frame tap number"]) -> Float[Array, "frame tap number"]:
    """Return what each frame counts for where the line fitted around one passes it."""
    away = jnp.asarray(_AWAY / AROUND)[None, :, None]
    total = weight.sum(axis=1, keepdims=True)
    weight = weight / (total + _LEAST)
    first, second = ((weight * away**power).sum(axis=1, keepdims=True) for power in (1, 2))
    line = weight * (second + _LEAST - first * away)
    return line / (line.sum(axis=1, keepdims=True) + _LEAST**2)


def _around(x: Float[Array, "frame *number"]) -> Float[Array, "frame tap *number"]:
    """Return what is around each frame, zero beyond the clip."""
    padded = jnp.pad(x, ((AROUND, AROUND), *((0, 0),) * (x.ndim - 1)))
    return jnp.stack([padded[k : k + x.shape[0]] for k in range(len(_AWAY))], axis=1)

"""Saliency that needs no network: what moves, and what differs from what is around it."""

from collections.abc import Iterable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

from dvs_jax.viewport.saliency import instants
from dvs_jax.viewport.saliency.blur import blur
from dvs_jax.viewport.saliency.instants import Frame
from dvs_jax.viewport.saliency.scale import scaled

HEIGHT, WIDTH = 64, 128
"""Of the maps."""

_CENTRE_DEG, _SURROUND_DEG, _SMOOTH_DEG = 4.0, 16.0, 8.0

_FLAT = 1e-5
"""Far less than what a change of one level leaves; rounding makes a hundredth of it."""

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def maps(
    frames: Iterable[Frame], time_s: Float[np.ndarray, "frame"]
) -> Iterator[Float[np.ndarray, "64 128"]]:
    """Yield a map for each fifth of a second from the first frame to the last.

    No more than two frames are kept.

    Args:
        frames: equirectangular RGB of any size, in order.
        time_s: when each is shown, rising.

    Yields:
        float32, from 0 to 1.
    """
    before = None
    for (now,) in instants.around(frames, time_s, 1, (WIDTH, HEIGHT)):
        yield np.asarray(_saliency(now if before is None else before, now))
        before = now


@jax.jit
def _saliency(
    before: UInt8[Array, "height width 3"], now: UInt8[Array, "height width 3"]
) -> Float[Array, "height width"]:
    """The change since the frame a fifth of a second before, and contrast; less at the poles."""
    previous, luma = (_luma(each) for each in (before, now))
    contrast = jnp.abs(blur(luma, _CENTRE_DEG) - blur(luma, _SURROUND_DEG))
    polar = np.pi * (np.arange(HEIGHT, dtype=np.float32) + 0.5) / HEIGHT
    found = (jnp.abs(luma - previous) + contrast) * np.sin(polar)[:, None]
    return scaled(blur(found, _SMOOTH_DEG), _FLAT)


def _luma(frame: UInt8[Array, "height width 3"]) -> Float[Array, "height width"]:
    return (frame.astype(jnp.float32) / 255.0) @ _LUMA

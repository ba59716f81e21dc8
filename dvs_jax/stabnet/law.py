"""The law by which the steadied camera moves on, knowing nothing of what comes.

It goes on as fast as it moved lately, drawn a little towards the real camera, and held where that
is too far. The numbers were chosen on drawn paths (`synthetic.paired.shaky_path`). Cameras are
those of `motion.plane`, lengths in widths.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

_RATE = 30.0
"""Frames per second for which the shares below are."""
_FRAMES = 7
"""Frames over which the speed is taken."""
_KEPT = np.array([0.9, 0.9, 0.5, 0.0])
"""Of the speed of x, y, roll and zoom, from frame to frame."""
_DRAWN = 0.06
"""Share of the way to the real camera."""
_SOFT = 0.8
"""Up to this share of the limit nothing holds the steadied camera back."""
_TURN, _ZOOM = 0.07, 0.05
"""Limits of roll and log zoom beside the real camera."""


class Law(NamedTuple):
    """The law at a frame rate, in a crop.

    Attributes:
        kept: float32 [4], share of the speed that is kept from frame to frame.
        drawn: float32 [], share of the way to the real camera.
        limit: float32 [4], the farthest that the steadied camera may be from the real one.
        latest: float32 [frame], weights of the latest frames' steps in the speed, newest last.
    """

    kept: Float[Array, "4"]
    drawn: Float[Array, ""]
    limit: Float[Array, "4"]
    latest: Float[Array, "frame"]


def law(rate: float, crop: float, aspect: float) -> Law:
    """Return the law for a clip.

    Args:
        rate: frames per second.
        crop: the most that may be cut off at each side, as a share of width and height.
        aspect: height over width of the picture.
    """
    time = _RATE / rate
    limit = np.array([crop, crop * aspect, min(_TURN, crop), min(_ZOOM, 2.0 * crop)])
    count = max(round(_FRAMES / time), 1)
    drawn = 1.0 - (1.0 - _DRAWN) ** time
    latest = np.full(count, 1.0 / count)
    return Law(*map(jnp.float32, (_KEPT**time, drawn, limit, latest)))


def next_step(
    law: Law, steps: Float[Array, "frame 4"], real: Float[Array, "4"]
) -> Float[Array, "4"]:
    """Return the steadied camera of this frame, over the plane of the steadied picture before.

    Args:
        law: of the clip.
        steps: the latest of what this function returned, newest last.
        real: the real camera, over that same plane.
    """
    onward = law.kept * (law.latest @ steps)
    wanted = onward + law.drawn * (real - onward)
    return real + law.limit * _held((wanted - real) / law.limit)


def _held(share: Float[Array, "4"]) -> Float[Array, "4"]:
    """Bound shares of the limit smoothly to ±1."""
    size = jnp.abs(share)
    beyond = _SOFT + (1.0 - _SOFT) * jnp.tanh((size - _SOFT) / (1.0 - _SOFT))
    return jnp.sign(share) * jnp.where(size < _SOFT, size, beyond)


def pushed(steps: Float[Array, "frame 4"], step: Float[Array, "4"]) -> Float[Array, "frame 4"]:
    """Return the latest steps with one more."""
    return jax.lax.concatenate([steps[1:], step[None]], 0)

"""A clip's pictures as our network takes them, and what is the same for all of them."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

from dvs_jax.clip import Clip, shown_size
from dvs_jax.methods.along_path import processor
from dvs_jax.stabnet import online
from dvs_jax.stabnet.network import LONGER_SIDE
from dvs_jax.stabnet.online import Setting


def looked_at(size: tuple[float, float]) -> tuple[int, int]:
    """Return the width and height at which the network looks at pictures that are shown so."""
    scale = LONGER_SIDE / max(size)
    width, height = (max(2 * round(scale * side / 2), 16) for side in size)
    return width, height


def aspect(clip: Clip) -> float:
    """Return height over width of a clip's pictures as they are shown."""
    width, height = shown_size(clip.video)
    return height / width


def setting_of(clip: Clip, crop: float) -> Setting:
    """Return a clip's setting, on the CPU; see `online.setting`."""
    with jax.default_device(processor()):
        return online.setting(rate(clip), crop, aspect(clip))


def rate(clip: Clip) -> float:
    """Return the usual frame rate, rounded so that clips of one rate share compiled programs."""
    interval_s = float(np.median(np.diff(clip.video.time_ns))) * 1e-9
    return round(1.0 / interval_s, 1)


def grey(luma: UInt8[Array, "*frame height width"]) -> Float[Array, "*frame height width"]:
    """Return grey levels, 0 to 1."""
    return jnp.asarray(luma, jnp.float32) / 255.0

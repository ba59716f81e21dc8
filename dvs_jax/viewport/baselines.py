"""Predictions without a network, to which every model is compared."""

import numpy as np
import scipy
from jaxtyping import Float, Int

from dvs_jax.quaternion import Array, array_namespace
from dvs_jax.viewport import sphere

TAU = 3.0
"""Samples over which the damped baseline's motion dies down."""

_CROWD_SIGMA = np.radians(10.0)
"""Width of each viewer's view density."""


def no_motion(past: Float[Array, "*batch past 3"], future: int) -> Float[Array, "*batch future 3"]:
    """Predict the last direction seen for each of `future` steps."""
    xp = array_namespace(past)
    return xp.repeat(past[..., -1:, :], future, axis=-2)


def constant(past: Float[Array, "*batch past 3"], future: int) -> Float[Array, "*batch future 3"]:
    """Predict that the rotation between the last two samples goes on at its rate."""
    return _onwards(past, np.arange(1.0, future + 1.0))


def damped(
    past: Float[Array, "*batch past 3"], future: int, tau: float = TAU
) -> Float[Array, "*batch future 3"]:
    """Predict that the last rotation goes on and dies down.

    After k samples it has turned by ωτ(1 − exp(−k/τ)), where ω is the last sample's turn.

    Args:
        past: unit vectors.
        future: steps to predict.
        tau: time constant in samples.
    """
    return _onwards(past, tau * -np.expm1(-np.arange(1.0, future + 1.0) / tau))


def salient(
    past: Float[np.ndarray, "window past 3"],
    maps: Float[np.ndarray, "window future height width"],
    peaks: int = 1,
) -> Float[np.ndarray, "window future 3"]:
    """Predict, of each future map's highest peaks, the one nearest to the last direction seen.

    Args:
        past: unit vectors.
        maps: saliency of the future steps.
        peaks: how many of the highest local maxima to choose from.
    """
    places = sphere.pixel_directions(*maps.shape[-2:]).reshape(-1, 3)
    highest = places[_highest_peaks(maps, peaks)]
    gap = sphere.distance(highest, past[:, None, None, -1])
    nearest = gap.argmin(axis=-1)[..., None, None]
    return np.take_along_axis(highest, nearest, axis=-2)[..., 0, :]


def crowd(
    others: Float[np.ndarray, "viewer step 3"], height: int = 32, width: int = 64
) -> Float[np.ndarray, "step 3"]:
    """Return where the density of other viewers' directions is highest: it needs an audience.

    Args:
        others: their directions at the steps to predict; NaN where they are not known.
        height: rows of the map of the density.
        width: its columns.
    """
    places = sphere.pixel_directions(height, width).reshape(-1, 3)
    cosine = np.einsum("vtd,pd->vtp", others, places)
    density = np.nansum(np.exp((cosine - 1.0) / _CROWD_SIGMA**2), axis=0)
    return places[density.argmax(axis=-1)]


def _onwards(
    past: Float[Array, "*batch past 3"], steps: Float[np.ndarray, "future"]
) -> Float[Array, "*batch future 3"]:
    """Go on along the last two samples' great circle by multiples of their distance."""
    xp = array_namespace(past)
    before, now = past[..., -2, :], past[..., -1, :]
    heading = -sphere.tangent(now, before)
    angle = sphere.distance(before, now)[..., None] * xp.asarray(steps, past.dtype).reshape(
        (1,) * (past.ndim - 2) + (-1,)
    )
    return sphere.along(now[..., None, :], heading[..., None, :], angle)


def _highest_peaks(
    maps: Float[np.ndarray, "window future height width"], count: int
) -> Int[np.ndarray, "window future peak"]:
    """Flat places of the highest local maxima; the map's columns close to a circle."""
    around = scipy.ndimage.maximum_filter(
        maps, (1, 1, 3, 3), mode=("nearest", "nearest", "nearest", "wrap")
    )
    flat = np.where(maps == around, maps, -np.inf).reshape(*maps.shape[:-2], -1)
    return np.argsort(-flat, axis=-1, kind="stable")[..., :count]

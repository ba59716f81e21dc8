"""RAFT's correlation of each point with those around its match in the other frame, at four scales.

Teed & Deng, RAFT: Recurrent All-Pairs Field Transforms for Optical Flow, ECCV 2020, section 3.2.

The correlation volume holds all pairs of points; its memory grows with the square of the pixels.
On demand, only the windows that are looked up are computed, for a fixed number of points at a time,
and anew in every iteration.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

LEVELS = 4
# Points up to which the volume of one direction is kept: 350 MB with its coarser levels.
_LARGEST_VOLUME_POINTS = 8192
_POINTS_AT_ONCE = 256

Level = Float[Array, "point rows columns"]
# Into the second frame's rows, one after the other.
Places = Int[Array, "point y x"]


class Correlation(NamedTuple):
    """The data for a lookup: either the volumes or the features they are computed from.

    Attributes:
      features: the first frame's features, [point, channel], scaled for the dot product.
      pyramid: the second frame's features, [rows, columns, channel], each level half as
        large as the one before.
      volumes: one [point, rows, columns] for each level, or None to compute windows on demand.
    """

    features: Float[Array, "point channel"]
    pyramid: list[Float[Array, "rows columns channel"]]
    volumes: list[Level] | None


def correlate(
    first: Float[Array, "rows columns channel"],
    second: Float[Array, "rows columns channel"],
    on_demand: bool | None = None,
) -> Correlation:
    """Prepare the correlation of two feature maps, float32.

    Args:
      first: features of the frame whose points are matched.
      second: features of the frame that is searched.
      on_demand: whether to use less memory and more time; chosen by size if None.
    """
    rows, columns, channels = first.shape
    features = first.reshape(rows * columns, channels).astype(jnp.float32) / jnp.sqrt(
        jnp.float32(channels)
    )
    pyramid = [second.astype(jnp.float32)]
    for _ in range(LEVELS - 1):
        pyramid.append(_halved(pyramid[-1]))
    if on_demand is None:
        on_demand = rows * columns > _LARGEST_VOLUME_POINTS
    return Correlation(features, pyramid, None if on_demand else _volumes(features, pyramid))


def look_up(
    correlation: Correlation, points: Float[Array, "rows columns 2"], radius: int
) -> Float[Array, "rows columns tap"]:
    """The correlation in a window about each point's match, interpolated bilinearly.

    Args:
      correlation: of the two frames.
      points: (x, y) of each match in the second feature map, in its pixels.
      radius: of the window in pixels, at every level.

    Returns:
      float32; taps are level-major, then x, then y, as the published weights expect them. Zero
      outside the second frame.
    """
    rows, columns, _ = points.shape
    flat = points.reshape(rows * columns, 2)
    pyramid, volumes = correlation.pyramid, correlation.volumes
    if volumes is not None:
        windows = [
            _window(partial(_kept, volume), level.shape, flat / 2.0**number, radius)
            for number, (level, volume) in enumerate(zip(pyramid, volumes, strict=True))
        ]
        return jnp.concatenate(windows, axis=-1).reshape(rows, columns, -1)

    def one_point(
        at: tuple[Float[Array, " channel"], Float[Array, "2"]],
    ) -> Float[Array, " tap"]:
        feature, point = at
        windows = [
            _window(partial(_made, feature, level), level.shape, point[None] / 2.0**number, radius)
            for number, level in enumerate(pyramid)
        ]
        return jnp.concatenate(windows, axis=-1)[0]

    taps = lax.map(one_point, (correlation.features, flat), batch_size=_POINTS_AT_ONCE)
    return taps.reshape(rows, columns, -1)


def _halved(
    features: Float[Array, "rows columns channel"],
) -> Float[Array, "halfrows halfcolumns channel"]:
    """Means of 2 × 2 blocks; an odd last row or column is left out."""
    rows, columns, channels = features.shape
    even = features[: rows // 2 * 2, : columns // 2 * 2]
    return even.reshape(rows // 2, 2, columns // 2, 2, channels).mean(axis=(1, 3))


def _volumes(
    features: Float[Array, "point channel"],
    pyramid: list[Float[Array, "rows columns channel"]],
) -> list[Level]:
    return [
        jnp.einsum("pc,yxc->pyx", features, level, precision=lax.Precision.HIGHEST)
        for level in pyramid
    ]


def _kept(volume: Level, places: Places) -> Float[Array, "point y x"]:
    """The values of a volume at each point's window."""
    # One flat index, declared valid, is several times faster on a CPU than [point, y, x].
    points, rows, columns = volume.shape
    start = (jnp.arange(points) * (rows * columns))[:, None, None]
    return _fetched(volume.reshape(-1), start + places)


def _made(
    feature: Float[Array, " channel"], level: Float[Array, "rows columns channel"], places: Places
) -> Float[Array, "1 y x"]:
    """The correlation of one point, computed only in its window."""
    near = _fetched(level.reshape(-1, level.shape[-1]), places)
    return jnp.einsum("pyxc,c->pyx", near, feature, precision=lax.Precision.HIGHEST)


def _fetched(values: Float[Array, "place ..."], at: Places) -> Float[Array, "point y x ..."]:
    return values.at[at].get(mode="promise_in_bounds", wrap_negative_indices=False)


def _window(
    values_at: Callable[[Places], Float[Array, "point y x"]],
    size: tuple[int, ...],
    centres: Float[Array, "point 2"],
    radius: int,
) -> Float[Array, "point tap"]:
    """Interpolate a window; its taps share one subpixel fraction, so one integer patch suffices."""
    rows, columns = size[:2]
    corner = jnp.floor(centres)
    x_fraction, y_fraction = jnp.moveaxis(centres - corner, -1, 0)[:, :, None, None]
    reach = jnp.arange(-radius, radius + 2)
    x = (corner[:, 0, None].astype(jnp.int32) + reach[None])[:, None, :]
    y = (corner[:, 1, None].astype(jnp.int32) + reach[None])[:, :, None]
    inside = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
    patch = values_at(jnp.clip(y, 0, rows - 1) * columns + jnp.clip(x, 0, columns - 1))
    # The interpolation reads each value four times; XLA would fetch it as often.
    patch = lax.optimization_barrier(jnp.where(inside, patch, 0.0))
    patch = patch[:, :-1] * (1 - y_fraction) + patch[:, 1:] * y_fraction
    patch = patch[:, :, :-1] * (1 - x_fraction) + patch[:, :, 1:] * x_fraction
    return patch.swapaxes(1, 2).reshape(len(centres), -1)

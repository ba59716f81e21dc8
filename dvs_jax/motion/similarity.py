"""The similarity that explains most tracks of a pair of pictures, in spite of what moves itself."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

_PIXEL = 1.0 / 640.0
"""Pixel of a picture 640 wide, in which the limits were found."""

HYPOTHESES = 128
AGREES = 2.0 * _PIXEL
"""How far a track may be from a hypothesis that it agrees with."""

_NEAR = 4.0 * _PIXEL
_LEAST_SCALE = 0.03 * _PIXEL
ROUNDS = 8
"""Of least squares, each with the weights that the one before leads to."""

FEWEST = 12
"""Tracks without which no motion is read off a pair of pictures."""

_PAIRS = np.random.default_rng(0).uniform(size=(HYPOTHESES, 2)).astype(np.float32)
"""Which two tracks each hypothesis is made of, as fractions of their number."""


class Fit(NamedTuple):
    """The motion of a pair of pictures.

    Attributes:
        motion: float32 [4]: content at p moves to z p + t: t (x, y in widths), roll (rad, from x to
            y) and logarithm of z. Zero where the tracks tell nothing.
        left: float32 [track, 2], by how much each track moves beside that, in widths.
        weight: float32 [track], 0 (an outlier, or padding) to 1.
        explains: whether the motion explains enough tracks to be believed.
    """

    motion: Float[Array, "4"]
    left: Float[Array, "track 2"]
    weight: Float[Array, "track"]
    explains: Bool[Array, ""]


def fit(
    earlier: Float[Array, "track 2"], later: Float[Array, "track 2"], known: Bool[Array, "track"]
) -> Fit:
    """Return the similarity from the earlier to the later points, robustly.

    The best of hypotheses of two tracks each (Fischler and Bolles, RANSAC, 1981), then least
    squares reweighted by Cauchy's function of the residual over its median.

    Args:
        earlier: (x, y) in the plane of a picture.
        later: likewise.
        known: which tracks count.
    """
    start = consensus(earlier, later, known)

    def refit(_: int, found: Float[Array, "4"]) -> Float[Array, "4"]:
        return _weighted_fit(earlier, later, weights(later - moved(earlier, found), known))

    found = jax.lax.fori_loop(0, ROUNDS, refit, start)
    left = later - moved(earlier, found)
    weight = weights(left, known)
    explains = explained(left, known) & jnp.isfinite(found).all()
    motion = jnp.concatenate([found[2:], jnp.stack(_turn_of(found))])
    return Fit(
        jnp.where(explains, motion, 0.0),
        jnp.where(explains & (weight > 0)[:, None], left, 0.0),
        jnp.where(explains, weight, 0.0),
        explains,
    )


def _turn_of(matrix: Float[Array, "4"]) -> tuple[Float[Array, ""], Float[Array, ""]]:
    squared = jnp.maximum(matrix[0] ** 2 + matrix[1] ** 2, 1e-12)
    return jnp.arctan2(matrix[1], matrix[0]), 0.5 * jnp.log(squared)


def moved(point: Float[Array, "*point 2"], matrix: Float[Array, "4"]) -> Float[Array, "*point 2"]:
    """Return z p + t, where a similarity moves points p.

    Args:
        point: float32 [point, 2], (x, y) in the plane of a picture, in widths.
        matrix: float32 [4], (Re z, Im z, t.x, t.y).
    """
    real, imaginary, x, y = matrix
    return jnp.stack(
        [
            real * point[..., 0] - imaginary * point[..., 1] + x,
            imaginary * point[..., 0] + real * point[..., 1] + y,
        ],
        axis=-1,
    )


def _squared(vector: Float[Array, "*point 2"]) -> Float[Array, "*point"]:
    return (vector**2).sum(axis=-1)


def consensus(
    earlier: Float[Array, "track 2"], later: Float[Array, "track 2"], known: Bool[Array, "track"]
) -> Float[Array, "4"]:
    """Return the similarity through two tracks that most others agree with.

    Args:
        earlier: float32 [track, 2], (x, y) in the plane of a picture, in widths.
        later: likewise.
        known: which tracks count.

    Returns:
        float32 [4], as `moved` takes it.
    """
    # The known tracks first, whatever their places, so that fractions of their number index them.
    order = jnp.argsort(~known, stable=True)
    chosen = order[(jnp.asarray(_PAIRS) * known.sum()).astype(int)]
    hypotheses = jax.vmap(_through)(earlier[chosen], later[chosen])

    def agreeing(matrix: Float[Array, "4"]) -> Float[Array, ""]:
        distance = _squared(later - moved(earlier, matrix))
        # Among hypotheses that as many tracks agree with, the closest.
        worth = jnp.where(known, jnp.maximum(1.0 - distance / AGREES**2, 0.0), 0.0)
        return worth.sum()

    return hypotheses[jnp.argmax(jax.vmap(agreeing)(hypotheses))]


def _through(before: Float[Array, "2 2"], now: Float[Array, "2 2"]) -> Float[Array, "4"]:
    """Return the similarity that takes two points to two others; a shift where they coincide."""
    from_, to = before[1] - before[0], now[1] - now[0]
    length = _squared(from_)
    apart = length > 1e-4
    safe = jnp.where(apart, length, 1.0)
    real = jnp.where(apart, (from_ * to).sum() / safe, 1.0)
    imaginary = jnp.where(apart, (from_[0] * to[1] - from_[1] * to[0]) / safe, 0.0)
    turn = jnp.stack([real, imaginary, jnp.zeros_like(real), jnp.zeros_like(real)])
    return turn.at[2:].set(now[0] - moved(before[0], turn))


def weights(left: Float[Array, "track 2"], known: Bool[Array, "track"]) -> Float[Array, "track"]:
    """Return how much tracks count: Cauchy's function of the residual over its median.

    Args:
        left: float32 [track, 2], how far from where each is a motion puts it, in widths.
        known: which tracks count.

    Returns:
        float32 [track], 0 (an outlier, or not known) to 1.
    """
    distance = _squared(left)
    near = known & (distance < _NEAR**2)
    median = jnp.nanmedian(jnp.where(near, distance, jnp.nan))
    scale = jnp.maximum(jnp.where(near.any(), median, 1.0), _LEAST_SCALE**2)
    return near / (1.0 + distance / (2.0 * scale))


def explained(left: Float[Array, "track 2"], known: Bool[Array, "track"]) -> Bool[Array, ""]:
    """Return whether a motion explains enough tracks to be believed.

    Args:
        left: see `weights`.
        known: likewise.
    """
    agree = ((_squared(left) < AGREES**2) & known).sum()
    return (agree >= FEWEST) & (4 * agree >= known.sum())


def _weighted_fit(
    earlier: Float[Array, "track 2"], later: Float[Array, "track 2"], weight: Float[Array, "track"]
) -> Float[Array, "4"]:
    total = jnp.maximum(weight.sum(), 1e-9)
    before, now = weight @ earlier / total, weight @ later / total
    from_, to = earlier - before[None], later - now[None]
    spread = jnp.maximum(weight @ _squared(from_), 1e-9)
    real = weight @ (from_ * to).sum(axis=-1) / spread
    imaginary = weight @ (from_[:, 0] * to[:, 1] - from_[:, 1] * to[:, 0]) / spread
    turn = jnp.stack([real, imaginary, jnp.zeros_like(real), jnp.zeros_like(real)])
    return turn.at[2:].set(now - moved(before, turn))

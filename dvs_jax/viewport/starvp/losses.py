"""Losses of one window, averaged over its steps."""

from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, Float

from dvs_jax.viewport import sphere

Loss = Callable[[Float[Array, "future 3"], Float[Array, "future 3"]], Float[Array, ""]]


def orthodromic(
    predicted: Float[Array, "future 3"], true: Float[Array, "future 3"]
) -> Float[Array, ""]:
    """Return the mean angle, in radians, between vectors of any length."""
    return sphere.distance(predicted, true).mean()


def horizon(
    predicted: Float[Array, "future 3"], true: Float[Array, "future 3"]
) -> Float[Array, ""]:
    """Return the mean angle with weights that grow from 1 at the instant to 2 at the last step."""
    steps = len(predicted)
    weight = 1.0 + jnp.arange(1.0, steps + 1.0) / steps
    return (weight * sphere.distance(predicted, true)).mean()


def mse(predicted: Float[Array, "future 3"], true: Float[Array, "future 3"]) -> Float[Array, ""]:
    """Return the mean square of the components' differences."""
    return ((predicted - true) ** 2).mean()


LOSSES: dict[str, Loss] = {"orthodromic": orthodromic, "horizon": horizon, "mse": mse}

"""Slows a part of the parameters down while a term says that it is too good."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int


class Slowed(NamedTuple):
    """What is remembered from step to step.

    Attributes:
        steps: int32 [], steps in a row in which the term was too high.
        factor: float32 [], of the part's rate.
    """

    steps: Int[Array, ""]
    factor: Float[Array, ""]


def slowed(term: str, limit: float, steps: int) -> optax.GradientTransformationExtraArgs:
    """Return what halves updates each time that a term was above a limit for so many steps.

    The term's value is read from `terms`, a mapping by name that the update is given.

    Args:
        term: its name.
        limit: above which it is too high.
        steps: in a row; after each halving they are counted anew.
    """

    def update(
        updates: Any, state: Slowed, params: Any = None, *, terms: dict[str, Array], **_: Any
    ) -> tuple[Any, Slowed]:
        count = jnp.where(terms[term] > limit, state.steps + 1, 0)
        due = count >= steps
        factor = jnp.where(due, 0.5 * state.factor, state.factor)
        new = Slowed(jnp.where(due, 0, count), factor)
        return jax.tree.map(lambda each: factor * each, updates), new

    return optax.GradientTransformationExtraArgs(
        lambda _: Slowed(jnp.int32(0), jnp.float32(1.0)), update
    )

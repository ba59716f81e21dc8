"""A method that smooths as strongly as is wanted."""

import dataclasses

from dvs_jax.errors import InputError
from dvs_jax.fused.method import FusedMethod
from dvs_jax.methods import Method, Smoothed

LEAST, MOST = 0.1, 10.0


def with_strength(method: Method, strength: float) -> Method:
    """Return a method with a strength of its own, instead of the usual one or the clip's.

    Args:
        method: a network or a smoother.
        strength: for a network, how many times as strong as the one that keeps to the crop by
            itself (of the official ones, as the one they were trained for); for a smoother, as the
            usual one.

    Raises:
        InputError: the method smooths nothing, or the strength is out of range.
    """
    if not LEAST <= strength <= MOST:
        raise InputError(f"a strength of {strength:g} is impossible; give {LEAST} to {MOST:g}")
    if isinstance(method, FusedMethod | Smoothed):
        return dataclasses.replace(method, strength=strength)
    raise InputError(
        "a strength is that of a network or a smoother, and this method has none; choose one of "
        "them, or leave --strength out"
    )

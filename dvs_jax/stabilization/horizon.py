"""A method with the horizon kept level."""

import dataclasses

from dvs_jax.errors import InputError
from dvs_jax.fused.method import FusedMethod
from dvs_jax.methods import Method, Smoothed


def locked_to_horizon(method: Method) -> Method:
    """Return a method with its horizon kept level by the accelerometer.

    Raises:
        InputError: it finds no camera path of its own.
    """
    if isinstance(method, FusedMethod | Smoothed):
        return dataclasses.replace(method, horizon_lock=True)
    raise InputError(
        "the horizon can be kept level by a network that reads the gyro or by a smoother; choose "
        "one of them, or leave --horizon-lock out"
    )

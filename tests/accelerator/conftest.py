"""Measuring a device against the processor, and noting how far apart they are."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

Agree = Callable[..., None]


@pytest.fixture
def within(record_property: Callable[[str, Any], None]) -> Agree:
    """A check that an error is small enough; the runner prints it beside its limit."""

    def check(what: str, error: float, limit: float, unit: str = "") -> None:
        error = float(error)
        record_property(what, (error, limit, unit))
        # An error that is no number is within no limit.
        assert error <= limit, f"{what}: {error:.3g} {unit}, at most {limit:.3g} are allowed"

    return check


@pytest.fixture
def agree(within: Agree) -> Agree:
    """A check that arrays are equal to within a limit at every place."""

    def check(what: str, found: Any, wanted: Any, limit: float, unit: str = "") -> None:
        apart = np.asarray(found, np.float64) - np.asarray(wanted, np.float64)
        within(what, np.abs(apart).max(), limit, unit)

    return check


@pytest.fixture(scope="session")
def cpu() -> jax.Device:
    """The processor, which is there beside any accelerator."""
    return jax.devices("cpu")[0]


@pytest.fixture(scope="session")
def on_accelerator() -> bool:
    """Whether there is one; on a processor the same checks run on small arrays."""
    return jax.default_backend() != "cpu"


@pytest.fixture(scope="session")
def size(on_accelerator: bool) -> tuple[int, int]:
    """Width and height of the frames that are drawn."""
    return (1920, 1080) if on_accelerator else (320, 180)

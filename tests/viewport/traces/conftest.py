"""A made-up viewer, whom all the recordings are of."""

import pytest

from dvs_jax.viewport.synthetic import audience
from dvs_jax.viewport.traces.trace import HeadTrace


@pytest.fixture(scope="session")
def viewer() -> HeadTrace:
    return audience.draw(5, 1, 1).traces[0]

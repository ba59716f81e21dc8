"""One recording of each kind, made once."""

import pytest

from dvs_jax.synthetic import Recording, SyntheticClip, record


@pytest.fixture(scope="session")
def distant() -> Recording:
    """A camera that only turns, with rolling shutter and OIS."""
    return record(SyntheticClip(scene="distant", size=(640, 360), duration_s=1.0, seed=1))


@pytest.fixture(scope="session")
def walk() -> Recording:
    """A camera that walks among things at all distances."""
    return record(SyntheticClip(motion="walking", size=(640, 360), duration_s=1.0, seed=3))

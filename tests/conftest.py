"""What every test shares: strict JAX flags, and where the project's reference material lies."""

from pathlib import Path

import jax
import pytest

jax.config.update("jax_numpy_rank_promotion", "raise")

SHARED = Path(__file__).resolve().parents[2] / "shared"


def _shared_folder(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"the reference folder {name}/ does not lie beside the project")
    return folder


@pytest.fixture(scope="session")
def golden() -> Path:
    """Numbers recorded from the official programs."""
    return _shared_folder("golden")


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Real recordings: a phone filming from a car, two GoPro videos."""
    return _shared_folder("data")


@pytest.fixture(scope="session")
def published_models() -> Path:
    """Published model files."""
    return _shared_folder("models")

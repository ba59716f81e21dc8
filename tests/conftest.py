"""What every test shares: strict JAX flags, and where the project's reference material lies."""

import shutil
from pathlib import Path

import jax
import pytest

from dvs_jax import synthetic

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


@pytest.fixture(scope="session")
def rendered_walk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny clip, 192 × 108 and a second long, which nobody writes to."""
    folder = tmp_path_factory.mktemp("rendered") / "clip"
    clip = synthetic.SyntheticClip("walking", "distant", 1.0, size=(192, 108), seed=3)
    synthetic.synthesize(clip, folder)
    return folder


@pytest.fixture
def walk(rendered_walk: Path, tmp_path: Path) -> Path:
    """A copy of that clip: walk/walking.mp4 with its gyro, OIS and frame log and the true path."""
    return Path(shutil.copytree(rendered_walk, tmp_path / "walk"))

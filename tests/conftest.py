"""What every test shares: strict JAX flags, and where the project's reference material lies."""

import gc
import os
import shutil
import warnings
from pathlib import Path

import jax
import pytest

from dvs_jax import compilation_cache

jax.config.update("jax_numpy_rank_promotion", "raise")

MOST_COMPILED = 1 << 30
"""Bytes that may lie in the cache; each change of a jitted function adds to them."""

QUICK_TO_COMPILE = "--xla_backend_optimization_level=1 --xla_llvm_disable_expensive_passes=true"
"""XLA's flags for functions that run once: they compile quickly, and run slower.

At level 0, JAX 0.10's programs are wrong: gradients that are finite become NaN, and a scan's grids
come out shifted by a row. `XLA_FLAGS= pytest ...` compiles as for users.
"""

if jax.version.__version_info__ < (0, 11):
    # Later ones have no such flag, and a flag that XLA does not know ends the process.
    QUICK_TO_COMPILE += " --xla_cpu_use_fusion_emitters=false"

MOST_MAPPED = 20_000
"""Of the 65,530 memory mappings that Linux allows a process; each compiled function takes six.

A process that gets no more of them crashes.
"""

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_configure(config: pytest.Config) -> None:
    """Compile once what many tests need: most of their time goes into that.

    What is compiled stays in pytest's own cache, for the next run (`--cache-clear` empties it), for
    other workers and for the processes that tests start, which inherit the environment.
    """
    _hurry_no_example(config)
    # The accelerators' checks go without a cache, and are about what users run.
    if not hasattr(config, "cache"):
        return
    os.environ.setdefault("XLA_FLAGS", QUICK_TO_COMPILE)
    # A fifth of what importing dvs_jax takes is compiling its modules anew in each process.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if compilation_cache.FOLDER_VARIABLE in os.environ:
        return
    folder = config.cache.mkdir("compiled")
    if sum(file.stat().st_size for file in folder.iterdir()) > MOST_COMPILED:
        shutil.rmtree(folder)
    os.environ[compilation_cache.FOLDER_VARIABLE] = str(folder)
    os.environ[compilation_cache.SHORTEST_VARIABLE] = "0"
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)


def _hurry_no_example(config: pytest.Config) -> None:
    """Let Hypothesis' examples take their time: how long depends on what else the machine does."""
    if config.pluginmanager.hasplugin("hypothesispytest"):
        from hypothesis import settings

        settings.register_profile("unhurried", deadline=None)
        settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that have slow tests, so that no worker is left with one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Forget compiled functions between files, before there are too many."""
    maps = Path("/proc/self/maps")
    if nextitem is None or nextitem.path == item.path or not maps.exists():
        return
    if maps.read_bytes().count(b"\n") > MOST_MAPPED:
        jax.clear_caches()
        gc.collect()


def pytest_warning_recorded(warning_message: warnings.WarningMessage) -> None:
    """Remove what a killed process left half written, for JAX never writes over it."""
    folder = os.environ.get(compilation_cache.FOLDER_VARIABLE)
    if folder is not None:
        compilation_cache.remove_damaged(Path(folder), warning_message.message)


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
    # Imported here, for it needs PyAV, which tests of the devices alone do without.
    from dvs_jax import synthetic

    folder = tmp_path_factory.mktemp("rendered") / "clip"
    clip = synthetic.SyntheticClip("walking", "distant", 1.0, size=(192, 108), seed=3)
    synthetic.synthesize(clip, folder)
    return folder


@pytest.fixture
def walk(rendered_walk: Path, tmp_path: Path) -> Path:
    """A copy of that clip: walk/walking.mp4 with its gyro, OIS and frame log and the true path."""
    return Path(shutil.copytree(rendered_walk, tmp_path / "walk"))

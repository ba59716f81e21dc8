"""What is compiled once is found again by the next process, and by no other means than asked."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dvs_jax import compilation_cache
from dvs_jax.compilation_cache import FOLDER_VARIABLE

# Imported by none of what `stabilize` needs before its first frame.
DEAR = (
    *("fsspec", "grain", "matplotlib", "ray", "scipy.signal", "scipy.stats", "tensorboardX"),
    *("tensorflow", "tensorflow_datasets"),
)

COUNTED_RUN = """
import sys
import jax
from jax import monitoring
counts = {}
def count(event, **_):
    counts[event] = counts.get(event, 0) + 1
monitoring.register_event_listener(count)
from dvs_jax.fused import inference
from dvs_jax.fused.weights import load_model
from dvs_jax.clip import load_clip
from dvs_jax.fused.prediction import predict_trajectory
predict_trajectory(load_model("gyro_only"), load_clip(sys.argv[1]))
print(counts.get("/jax/compilation_cache/cache_misses", 0))
print(counts.get("/jax/compilation_cache/cache_hits", 0))
"""


@pytest.fixture
def own_process(tmp_path) -> Callable[..., str]:
    """Runs Python with a cache folder of its own, and returns what it printed."""

    def run(*arguments: object, **environment: str) -> str:
        unset = {name: os.environ[name] for name in os.environ if not name.startswith("JAX_")}
        ended = subprocess.run(
            [sys.executable, *map(str, arguments)],
            capture_output=True,
            text=True,
            env={**unset, "DVS_JAX_CACHE": str(tmp_path / "cache"), **environment},
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        return ended.stdout

    return run


def compiled(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mtime_ns for file in folder.glob("*-cache")}


@pytest.mark.slow
def test_a_second_run_of_the_command_compiles_nothing(own_process, walk, tmp_path):
    (walk / "camera.toml").write_text("fov = 1.27\n")
    command = ("-m", "dvs_jax", "stabilize", walk, "--encoder-preset", "ultrafast", "--no-metrics")
    own_process(*command, "-o", tmp_path / "first")
    once = compiled(tmp_path / "cache" / "compiled")
    assert any(name.startswith("jit_") for name in once)
    own_process(*command, "-o", tmp_path / "second")
    assert compiled(tmp_path / "cache" / "compiled") == once


@pytest.mark.slow
def test_a_second_process_only_hits_the_cache(own_process, walk, tmp_path):
    (walk / "camera.toml").write_text("fov = 1.27\n")
    where = {
        FOLDER_VARIABLE: str(tmp_path / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    first, second = (own_process("-c", COUNTED_RUN, walk, **where).split() for _ in range(2))
    assert int(first[0]) > 0
    assert second[0] == "0"
    assert int(second[1]) >= int(first[0])


SETTINGS = """
import sys
from dvs_jax.compilation_cache import keep_compiled
keep_compiled()
assert "jax" not in sys.modules
import jax
print(jax.config.jax_compilation_cache_dir)
print(jax.config.jax_persistent_cache_min_compile_time_secs)
print(jax.config.jax_enable_compilation_cache)
"""


def test_the_cache_lies_where_the_other_downloads_do(own_process, tmp_path):
    said = own_process("-c", SETTINGS).split()
    assert said == [str(tmp_path / "cache" / "compiled"), "0.0", "True"]
    assert (tmp_path / "cache" / "compiled").is_dir()


COMPILING = """
from dvs_jax.compilation_cache import keep_compiled
keep_compiled()
import warnings
import jax
def one(x): return x + 1
def other(x): return x + 2
for function in (one, other):
    jax.block_until_ready(jax.jit(function)(1.0))
"""


@pytest.mark.slow
def test_what_a_killed_run_left_half_written_is_replaced(own_process, tmp_path):
    own_process("-c", COMPILING)
    folder = tmp_path / "cache" / "compiled"
    before = compiled(folder)
    (damaged,) = folder.glob("jit_one-*-cache")
    size = damaged.stat().st_size
    os.truncate(damaged, size // 2)
    own_process("-c", COMPILING)  # would say on stderr what could not be read
    # What took how long to compile is in it, too: it is not the same to the byte.
    assert damaged.stat().st_size > 0.9 * size
    after = compiled(folder)
    assert {name for name in before if before[name] != after[name]} == {damaged.name}
    complaint = own_process(
        "-W",
        "always",
        "-c",
        f"import sys\nsys.stderr = sys.stdout\n{COMPILING}\nwarnings.warn('loud')",
    )
    assert "UserWarning: loud" in complaint


def test_what_the_environment_says_stays(own_process, tmp_path):
    own = {FOLDER_VARIABLE: "elsewhere", "JAX_ENABLE_COMPILATION_CACHE": "0"}
    assert own_process("-c", SETTINGS, **own).split() == ["elsewhere", "1.0", "False"]
    assert not (tmp_path / "cache").exists()


@pytest.mark.slow
def test_without_a_folder_to_write_to_nothing_is_kept(own_process, tmp_path):
    (tmp_path / "cache").write_text("a file")
    assert own_process("-c", SETTINGS).split() == ["None", "1.0", "True"]


def test_a_process_that_has_jax_already_is_left_alone(monkeypatch, tmp_path):
    monkeypatch.setenv("DVS_JAX_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    compilation_cache.keep_compiled()
    assert FOLDER_VARIABLE not in os.environ


@pytest.mark.slow
def test_stabilize_waits_for_no_import_that_it_does_not_need(own_process):
    modules = "dvs_jax.cli, dvs_jax.stabilization, dvs_jax.fused.weights, dvs_jax.clip"
    printed = own_process("-c", f"import sys, {modules}; print(*sys.modules)").split()
    assert not set(DEAR) & set(printed)
    assert "jax" in printed
    assert "jax" not in own_process("-c", "import sys, dvs_jax.cli; print(*sys.modules)").split()


@pytest.mark.slow
def test_stabilize_needs_but_its_plot_of_them_to_its_end(own_process, walk, tmp_path):
    (walk / "camera.toml").write_text("fov = 1.27\n")
    told = "atexit.register(lambda: print(*sys.modules))"
    code = f"import atexit, sys; from dvs_jax.cli import main; {told}; main()"
    plain = ("--model", "gyro_only", "--refine", "none", "--no-metrics")
    printed = own_process("-c", code, "stabilize", walk, "-o", tmp_path / "out", *plain)
    assert {each for each in DEAR if each in printed.split()} == {"matplotlib"}

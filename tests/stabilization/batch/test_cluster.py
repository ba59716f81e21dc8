"""Clips as tasks of a Ray cluster: like the batch in this process, whatever dies on the way."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dvs_jax import camera_path, video
from dvs_jax.errors import InputError
from dvs_jax.stabilization.batch import cluster
from dvs_jax.stabilization.batch.job import Job
from tests.interrupting import TESTS, run_in_session, wait_until

CLIPS = 24
QUICK = ("--smoother", "gaussian", "--refine", "none", "--encoder-preset", "ultrafast")


@pytest.fixture(scope="module")
def trip(rendered_walk, tmp_path_factory) -> Path:
    """A folder of clips, each of 30 frames."""
    folder = tmp_path_factory.mktemp("trip")
    for number in range(CLIPS):
        shutil.copytree(rendered_walk, folder / f"clip{number}")
        (folder / f"clip{number}" / "camera.toml").write_text("fov = 1.27\n")
    return folder


@pytest.fixture(scope="module")
def in_process(trip, tmp_path_factory) -> Path:
    """The results of the batch without a cluster."""
    out = tmp_path_factory.mktemp("in_process")
    subprocess.run(command(trip, out), check=True, capture_output=True, env=environment())
    return out


@pytest.fixture(scope="module")
def nodes() -> Iterator[str]:
    """The address of a cluster of two nodes, each with room for one clip at a time."""
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'dvs-jax[cluster]'")
    from ray.cluster_utils import Cluster

    os.environ.update(environment())
    each = {"num_cpus": 2, "memory": 2 << 30, "object_store_memory": 100 << 20}
    started = Cluster(initialize_head=True, head_node_args={**each, "include_dashboard": False})
    started.add_node(**each)
    yield started.address
    started.shutdown()


def environment() -> dict[str, str]:
    """The variables of a driver and of nodes, which start slowly on a busy machine."""
    ours = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_raylet_start_wait_time_s": "180"}
    return {**os.environ, **ours, "PYTHONPATH": str(TESTS.parent)}


def command(trip: Path, out: Path, *more: str) -> list[str]:
    clips = [str(trip / "clip*"), "--out", str(out)]
    return [sys.executable, "-m", "dvs_jax", "stabilize", *clips, *QUICK, *more]


def start(nodes: str, trip: Path, out: Path, scratch: Path):
    told = {"RAY_ADDRESS": nodes}
    os.environ.update(told)
    return run_in_session(command(trip, out, "--cluster", "auto"), scratch)


def workers_at_a_clip() -> list[int]:
    found = subprocess.run(["ps", "-A", "-o", "pid=,args="], capture_output=True, text=True).stdout
    rows = (line.split(maxsplit=1) for line in found.splitlines())
    return [int(pid) for pid, name in rows if name.startswith("ray::_task")]


def assert_equal(out: Path, wanted: Path) -> None:
    for number in range(CLIPS):
        made, like = (folder / f"clip{number}" for folder in (out, wanted))
        assert sorted(each.name for each in made.iterdir()) == sorted(
            each.name for each in like.iterdir()
        )
        paths = [camera_path.read(each / "walking.txt").quaternion for each in (made, like)]
        np.testing.assert_array_equal(*paths)
        films = [video.read_frames(each / "walking_stab_crop.mp4") for each in (made, like)]
        for pictures in zip(*films, strict=True):
            np.testing.assert_array_equal(*pictures)


@pytest.mark.slow
def test_a_killed_worker_is_replaced_and_files_are_as_without_a_cluster(
    nodes, trip, in_process, tmp_path
):
    driver = start(nodes, trip, tmp_path / "out", tmp_path)
    wait_until(workers_at_a_clip, driver)
    os.kill(workers_at_a_clip()[0], signal.SIGKILL)
    told, errors = driver.communicate(timeout=200)
    assert driver.returncode == 0, errors
    assert f"{CLIPS} clips: {CLIPS} done" in told
    assert f"{CLIPS} of {CLIPS}: " in errors and "Traceback" not in errors
    assert_equal(tmp_path / "out", in_process)


@pytest.mark.slow
def test_the_same_command_goes_on_after_its_end(nodes, trip, in_process, tmp_path):
    out = tmp_path / "out"
    driver = start(nodes, trip, out, tmp_path)
    wait_until(lambda: len([*out.glob("*/*_run.json")]) >= 2, driver)
    driver.kill()
    driver.wait()
    noted = {file: file.stat().st_mtime_ns for file in out.glob("*/*_run.json")}
    told, errors = start(nodes, trip, out, tmp_path).communicate(timeout=200)
    skipped = f"{len(noted)} skipped" if noted else ""
    assert f"{CLIPS} clips: {CLIPS - len(noted)} done, {skipped}" in told, errors
    assert {file: file.stat().st_mtime_ns for file in noted} == noted
    assert_equal(out, in_process)


def test_a_task_asks_for_no_more_than_the_largest_node_has():
    nodes = [
        {"Alive": True, "Resources": {"CPU": 1.0, "memory": 1e9}},
        {"Alive": False, "Resources": {"CPU": 64.0, "memory": 1e12, "GPU": 8.0}},
    ]
    assert cluster.needs_of(nodes, by_device=True) == {"num_cpus": 1.0, "memory": 10**9}
    nodes[1]["Alive"] = True
    wanted = {"num_cpus": 2, "memory": 2 << 30}
    assert cluster.needs_of(nodes, by_device=False) == wanted
    assert cluster.needs_of(nodes, by_device=True) == wanted | {"num_gpus": 0.25}


@pytest.mark.parametrize(
    "address", ["", "ray://", "ray://host", "rya://host:1", "host:6379", "a b"]
)
def test_an_address_with_a_typo_is_refused(address):
    with pytest.raises(InputError, match="none of auto, local and ray://HOST:PORT"):
        cluster.on_cluster(address, stabilize=None, load=None)


@pytest.mark.slow
@pytest.mark.parametrize("address", ["auto", "ray://127.0.0.1:9", "ray://nowhere.invalid:10001"])
def test_a_cluster_that_cannot_be_reached_is_told_within_half_a_minute(
    address, monkeypatch, tmp_path
):
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'dvs-jax[cluster]'")
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")
    process = cluster.on_cluster(address, stabilize=None, load=None)
    begin = time.monotonic()
    with pytest.raises(InputError, match=f"--cluster {address}: cannot be reached"):
        list(process([Job(tmp_path / "a.mp4", tmp_path)]))
    assert time.monotonic() - begin < 30.0


@pytest.mark.slow
def test_nothing_of_ray_is_imported_without_the_option(trip, tmp_path):
    told = (
        "import sys; from dvs_jax.cli import main\n"
        "try: main()\n"
        "finally: assert 'ray' not in sys.modules"
    )
    arguments = command(trip, tmp_path / "out")[3:]
    arguments[1] = str(trip / "clip0")
    subprocess.run(
        [sys.executable, "-c", told, *arguments], check=True, env=environment(), capture_output=True
    )


def test_without_ray_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ray", None)
    process = cluster.on_cluster("local", stabilize=None, load=None)
    with pytest.raises(InputError, match=r"pip install 'dvs-jax\[cluster\]'"):
        list(process([Job(tmp_path / "a.mp4", tmp_path)]))

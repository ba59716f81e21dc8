"""Processes of virtual devices that die, are told to stop, and are gone on with by others."""

import json
import signal
import socket
import time
from pathlib import Path

import numpy as np
import pytest

from . import run_toy

STEPS = {"epochs": 4, "steps_per_epoch": 100, "checkpoint_every": 5, "batch_size": 16}
DEVICES = 4


def logged(workdir: Path) -> list[int]:
    """The steps in the log, but for a line that is being written."""
    file = workdir / "metrics.jsonl"
    lines = file.read_text().splitlines(keepends=True) if file.exists() else []
    return [json.loads(line)["step"] for line in lines if line.endswith("\n")]


def start(workdir: Path, count: int, pause_s: float = 0.0) -> list:
    """Start so many processes with four devices among them."""
    changes = STEPS | {"several_hosts": count > 1}
    return run_toy.start_several(workdir, count, DEVICES // count, pause_s=pause_s, **changes)


def wait_for_progress(workdir: Path, processes: list) -> None:
    begun, end = max(logged(workdir), default=0), time.monotonic() + 300.0
    while max(logged(workdir), default=0) < begun + 7:
        assert all(each.poll() is None for each in processes), processes[0].communicate()
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.slow
def test_others_go_on_with_a_run_at_the_very_next_batch(tmp_path: Path):
    """Twenty times one of two, four or one processes is killed or told to stop, and others go on.

    The run ends as one that nothing happened to, and nobody waits longer than a minute.
    """
    (alone,) = start(tmp_path / "alone", 1)
    wanted = run_toy.finish(alone, tmp_path / "alone")
    workdir, victims = tmp_path / "run", np.random.default_rng(0)
    for turn in range(20):
        count, number = (2, 4, 1)[turn % 3], (signal.SIGKILL, signal.SIGTERM)[turn % 2]
        processes = start(workdir, count, pause_s=0.1)
        try:
            wait_for_progress(workdir, processes)
            processes[victims.integers(count)].send_signal(number)
            codes = [each.wait(timeout=60) for each in processes]
        finally:
            for each in processes:
                each.kill()
        assert (codes == [0] * count) == (number == signal.SIGTERM), turn
    found = run_toy.finish_all(start(workdir, 4), workdir)
    assert logged(workdir) == list(range(1, 401))
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name], value, atol=1e-6, rtol=0)


@pytest.mark.slow
def test_a_host_that_dies_ends_the_others_by_its_name(tmp_path: Path):
    processes = start(tmp_path / "run", 2, pause_s=0.1)
    try:
        wait_for_progress(tmp_path / "run", processes)
        begin = time.monotonic()
        processes[1].kill()
        _, errors = processes[0].communicate(timeout=60)
        assert time.monotonic() - begin < 60
        assert processes[0].returncode == 1
        name = f"{socket.gethostname()} (process 1 of 2)"
        told = f"error: {name} has died, or cannot be reached; the same command goes on"
        assert told in errors.splitlines()
        assert "Traceback" not in errors
    finally:
        for each in processes:
            each.kill()


@pytest.mark.slow
def test_a_host_that_fails_says_why_and_ends_the_others(tmp_path: Path):
    changes = STEPS | {"several_hosts": True, "lr": 1e30}
    first, other = run_toy.start_several(tmp_path / "run", 2, 2, pause_s=0.1, **changes)
    try:
        told = [each.communicate(timeout=200)[1] for each in (first, other)]
    finally:
        for each in (first, other):
            each.kill()
    assert (first.returncode, other.returncode) == (1, 1)
    assert "error: step " in told[0] and "lower config.train.lr" in told[0]
    assert "Traceback" not in told[0] + told[1]

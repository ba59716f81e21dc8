"""Runs that are stopped, killed and gone on with end as those that were not."""

import json
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax
import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.training import loop
from dvs_jax.whole_file import locked

from . import run_toy, toy


def assert_identical(one: dict, other: dict) -> None:
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def logged(workdir: Path) -> list[dict]:
    """The lines of the log without what depends on the clock."""
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    timed = ("steps_per_s", "examples_per_s", "loader_wait")
    return [{name: v for name, v in line.items() if name not in timed} for line in lines]


def wait_until(happened, process, timeout_s: float = 60.0) -> None:
    end = time.monotonic() + timeout_s
    while not happened():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end
        time.sleep(0.001)


LONG = {"epochs": 2, "steps_per_epoch": 75, "checkpoint_every": 3, "ema_decay": 0.99}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, list[dict]]:
    workdir = tmp_path_factory.mktemp("uninterrupted") / "run"
    return run_toy.run(workdir, **LONG), logged(workdir)


@pytest.mark.slow
def test_killed_ten_times_a_run_ends_bit_for_bit_as_it_would_have(
    uninterrupted: tuple[dict, list[dict]], tmp_path: Path
):
    workdir, rng, in_a_save = tmp_path / "run", random.Random(0), 0
    for kill in range(10):
        process = run_toy.start(workdir, pause_s=0.005, **LONG)
        before = {path.name for path in (workdir / "checkpoints").glob("*")}
        wait_until(
            lambda before=before: bool(
                {path.name for path in (workdir / "checkpoints").glob("*")} - before
            ),
            process,
        )
        if kill % 2:
            wait_until(lambda: unfinished(workdir), process)
        else:
            time.sleep(rng.uniform(0.0, 0.1))
        process.kill()
        process.communicate()
        in_a_save += bool(unfinished(workdir))
        assert not (workdir / "final.npz").exists()
    assert in_a_save >= 3

    final = run_toy.run(workdir, **LONG)

    assert_identical(final, uninterrupted[0])
    assert logged(workdir) == uninterrupted[1]


def unfinished(workdir: Path) -> list[Path]:
    return list((workdir / "checkpoints").glob("*.orbax-checkpoint-tmp*"))


@pytest.mark.slow
def test_told_to_stop_a_run_saves_and_the_same_command_goes_on(
    uninterrupted: tuple[dict, list[dict]], tmp_path: Path
):
    changes = LONG | {"checkpoint_every": 1000}
    process = run_toy.start(tmp_path / "run", pause_s=0.02, **changes)
    metrics = tmp_path / "run" / "metrics.jsonl"
    wait_until(lambda: metrics.exists() and len(metrics.read_text().splitlines()) > 5, process)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    stopped = len(logged(tmp_path / "run"))
    assert f"told to stop; step {stopped} is saved" in errors
    assert [path.name for path in (tmp_path / "run" / "checkpoints").iterdir()] == [str(stopped)]
    assert not (tmp_path / "run" / "final.npz").exists()

    assert_identical(run_toy.run(tmp_path / "run", **changes), uninterrupted[0])
    assert logged(tmp_path / "run") == uninterrupted[1]


@pytest.mark.slow
def test_of_two_processes_one_is_told_to_stop_and_both_save_the_same_step(
    uninterrupted: tuple[dict, list[dict]], tmp_path: Path
):
    workdir = tmp_path / "run"
    changes = LONG | {"checkpoint_every": 1000, "several_hosts": True}
    processes = run_toy.start_several(workdir, pause_s=0.05, **changes)
    metrics = workdir / "metrics.jsonl"
    try:
        wait_until(lambda: metrics.exists() and len(logged(workdir)) > 3, processes[0])
        processes[1].send_signal(signal.SIGTERM)
        for process in processes:
            _, errors = process.communicate(timeout=60)
            assert process.returncode == 0, errors
    finally:
        for process in processes:
            process.kill()
    stopped = len(logged(workdir))
    assert stopped < 150
    assert [path.name for path in (workdir / "checkpoints").iterdir()] == [str(stopped)]

    final = run_toy.finish_all(run_toy.start_several(workdir, **changes), workdir)
    assert [line["step"] for line in logged(workdir)] == list(range(1, 151))
    for name, expected in uninterrupted[0].items():
        np.testing.assert_allclose(final[name], expected, atol=1e-3)


def train(workdir: Path, *, batches=None, params=None, loss=toy.loss, calls=None, **changes):
    config = toy.config(**({"log_every": 5} | changes))
    batches = toy.Stream(config.train.batch_size) if batches is None else batches
    params = toy.params() if params is None else params
    return loop.train(config, workdir, params, loss, batches, **(calls or {}))


def test_a_finished_run_gives_its_parameters_again(tmp_path: Path):
    first, again = train(tmp_path), train(tmp_path)
    jax.tree.map(np.testing.assert_array_equal, first, again)


def test_the_loss_falls(tmp_path: Path):
    changes = {"epochs": 4, "steps_per_epoch": 50, "lr": 0.02, "checkpoint_every": 100}
    train(tmp_path, **changes, loss_weights=((1, {"error": 1.0}),))
    errors = [line["error"] for line in logged(tmp_path)]
    assert np.mean(errors[-4:]) < 0.15 * np.mean(errors[:4])


def test_weights_of_the_loss_change_by_epoch_without_compiling_anew(tmp_path: Path):
    compilations = []

    def count(event: str, duration: float, **_: object) -> None:
        if event == "/jax/core/compile/backend_compile_duration":
            compilations.append((batches.number, duration))

    batches = toy.Stream(16)
    jax.monitoring.register_event_duration_secs_listener(count)
    try:
        train(tmp_path, batches=batches, log_every=1, loss_weights=TABLE, epochs=3)
    finally:
        jax.monitoring.unregister_event_duration_listener(count)
    # The loader is one batch ahead of the first step's compilation, maybe two.
    assert compilations
    assert max(number for number, _ in compilations) <= 2
    for line in logged(tmp_path):
        weights = TABLE[line["epoch"] - 1][1]
        expected = sum(weight * line[name] for name, weight in weights.items())
        np.testing.assert_allclose(line["total"], expected, rtol=1e-5)


TABLE = ((1, {"error": 1.0}), (2, {"size": 0.1}), (3, {"error": 0.5, "size": 2.0}))


@pytest.mark.slow
def test_the_best_evaluated_checkpoint_and_the_last_ones_are_kept(tmp_path: Path):
    values = iter([3.0, 1.0, 2.0, 5.0, 4.0])
    seen = []

    def evaluate(params: dict) -> dict[str, float]:
        seen.append(params)
        return {"jitter": next(values), "other": 0.0}

    painted = []
    paint = lambda params: painted.append(params) or np.zeros((4, 6, 3), np.uint8)  # noqa: E731
    changes = {"epochs": 5, "evaluate_every": 1, "best_measure": "jitter", "keep_checkpoints": 2}
    final = train(
        tmp_path, ema_decay=0.5, **changes, calls={"evaluate": evaluate, "picture": paint}
    )

    assert len(seen) == len(painted) == 5
    jax.tree.map(np.testing.assert_array_equal, seen[-1], final)
    steps = {int(path.name) for path in (tmp_path / "checkpoints").iterdir()}
    assert steps == {10, 24, 25}
    evaluated = [line for line in logged(tmp_path) if "jitter" in line]
    assert [(line["step"], line["jitter"]) for line in evaluated][:2] == [(5, 3.0), (10, 1.0)]


@pytest.mark.slow
def test_a_run_that_goes_on_keeps_the_best_checkpoint_of_before(tmp_path: Path):
    values = iter([1.0, 3.0, 2.0, 5.0, 4.0])
    changes = {"evaluate_every": 1, "best_measure": "jitter", "keep_checkpoints": 1}
    for epochs in (2, 5):
        calls = {"evaluate": lambda _: {"jitter": next(values)}}
        train(tmp_path, epochs=epochs, **changes, calls=calls)
    assert {int(path.name) for path in (tmp_path / "checkpoints").iterdir()} == {5, 25}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss_weights": ((2, {"error": 1.0}),)}, r"table by epoch begins at the epochs \[2\]"),
        ({"lr": 1e30, "steps_per_epoch": 50}, r"step \d+: the loss is (inf|nan)"),
        (
            {"loss_weights": ((1, {"error": 1.0, "sise": 1.0}),)},
            r"loss_weights: sise is no term of the loss; it has error, size",
        ),
        ({"schedule": "linear"}, r"config\.train\.schedule: 'linear' is none"),
        (
            {"evaluate_every": 1, "best_measure": "jitter"},
            r"best_measure: 'jitter' is not evaluated; name one of jerk",
        ),
    ],
)
def test_a_faulty_config_is_told(changes: dict, message: str, tmp_path: Path):
    with pytest.raises(InputError, match=message):
        train(tmp_path, log_every=1, calls={"evaluate": lambda _: {"jerk": 1.0}}, **changes)


def test_data_that_end_are_told_and_the_checkpoints_stay(tmp_path: Path):
    class Short(toy.Stream):
        def __next__(self):
            if self.number == 7:
                raise StopIteration
            return super().__next__()

    with pytest.raises(InputError, match="training data have come to an end"):
        train(tmp_path, batches=Short(16))
    assert {path.name for path in (tmp_path / "checkpoints").iterdir()} == {"2", "4", "6"}


def test_a_fault_in_the_loader_comes_through(tmp_path: Path):
    class Corrupt(toy.Stream):
        def __next__(self):
            raise InputError("clips.array_record: record 3 is damaged")

    with pytest.raises(InputError, match="record 3 is damaged"):
        train(tmp_path, batches=Corrupt(16))


def test_a_second_run_in_the_same_folder_is_refused(tmp_path):
    refused = pytest.raises(InputError, match="another run is writing a training run there")
    with ThreadPoolExecutor(1) as other, locked(tmp_path, "a training run"), refused:
        other.submit(train, tmp_path).result()
    assert list(tmp_path.iterdir()) == []


def test_a_place_in_the_data_that_cannot_be_found_again_is_told(tmp_path: Path):
    class Lost(toy.Stream):
        def get_state(self):
            return ["number"]

    train(tmp_path, batches=Lost(16))
    with pytest.raises(InputError, match=r"checkpoints: .*place in the data is damaged.*remove it"):
        train(tmp_path, batches=Lost(16))

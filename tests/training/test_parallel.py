"""The same numbers on any devices of any processes."""

from pathlib import Path

import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.training import parallel

from . import run_toy, toy

FIVE_STEPS = {"epochs": 1, "ema_decay": 0.9, "weight_decay": 0.01, "clip_norm": 1.0}


def assert_agree(one: dict, other: dict) -> None:
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_allclose(one[name], other[name], atol=1e-5, rtol=0)


@pytest.fixture(scope="module")
def one_device(tmp_path_factory: pytest.TempPathFactory) -> dict:
    return run_toy.run(tmp_path_factory.mktemp("one") / "run", 1, **FIVE_STEPS)


def test_training_changes_the_parameters_of_one_device(one_device: dict):
    before = toy.params()
    assert np.abs(one_device["['out']"] - before["out"]).max() > 0.005


@pytest.mark.slow
@pytest.mark.parametrize("kind", parallel.KINDS)
@pytest.mark.parametrize("micro_batches", [1, 2])
def test_eight_devices_agree_with_one(
    one_device: dict, kind: str, micro_batches: int, tmp_path: Path
):
    changes = FIVE_STEPS | {"parallel": kind, "micro_batches": micro_batches}
    assert_agree(run_toy.run(tmp_path / "run", 8, **changes), one_device)


@pytest.mark.slow
@pytest.mark.parametrize("kind", parallel.KINDS)
def test_two_processes_of_four_agree_with_one_of_eight(one_device: dict, kind: str, tmp_path: Path):
    changes = FIVE_STEPS | {"parallel": kind, "several_hosts": True}
    processes = run_toy.start_several(tmp_path / "run", **changes)
    assert_agree(run_toy.finish_all(processes, tmp_path / "run"), one_device)
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert len(lines) == 5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"parallel": "pjit"}, r"config\.train\.parallel: 'pjit' is none of pmap, shard_map"),
        ({"batch_size": 0}, r"config\.train\.batch_size: 0 examples cannot be split"),
        (
            {"batch_size": 16, "micro_batches": 3},
            r"batch_size: 16 examples cannot be split over \d devices in 3 micro-batches",
        ),
    ],
)
def test_what_cannot_be_split_is_told(changes: dict, message: str):
    with pytest.raises(InputError, match=message):
        parallel.all_devices(toy.config(**changes).train)


def test_hosts_that_cannot_be_found_are_told(monkeypatch: pytest.MonkeyPatch):
    def fail(**_):
        raise ValueError("coordinator_address should be defined")

    monkeypatch.setattr("jax.distributed.initialize", fail)
    with pytest.raises(InputError, match=r"several_hosts: cannot join .*JAX_COORDINATOR_ADDRESS"):
        parallel.join_hosts(toy.config(several_hosts=True).train)

"""The model of scaling: its formulas by hand, a ring by messages, and XLA's own all-reduces."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from dvs_jax.benchmarks import loading, scaling, scaling_model
from dvs_jax.benchmarks.loading import Loading
from dvs_jax.benchmarks.scaling_model import Link, Recipe
from dvs_jax.errors import InputError
from dvs_jax.training import configuration
from tests import virtual_devices
from tests.benchmarks.all_reduced import DEVICES
from tests.training import toy

CONFIGS = Path(__file__).resolve().parents[2] / "configs"

LINK = Link(1e9, 1e-3)
RECIPE = Recipe(gradient_bytes=80_000_000, examples=16, step_s=0.5, loaded_per_s=128.0)


def ring(arrays: list[np.ndarray]) -> tuple[list[np.ndarray], int, int]:
    """Average arrays as devices in a ring do; return what each has, messages and bytes of each."""
    count, bytes_sent = len(arrays), 0
    parts = [np.array_split(array.copy(), count) for array in arrays]
    for turn in range(2 * (count - 1)):
        sent = [(device, (device - turn) % count) for device in range(count)]
        messages = [parts[device][part].copy() for device, part in sent]
        for (device, part), message in zip(sent, messages, strict=True):
            after = parts[(device + 1) % count]
            # First the sums come about, part by part; then they go round.
            after[part] = after[part] + message if turn < count - 1 else message
        bytes_sent += messages[0].nbytes
    return [np.concatenate(each) / count for each in parts], 2 * (count - 1), bytes_sent


@pytest.mark.parametrize("devices", [1, 2, 4, 8])
def test_the_formula_counts_the_messages_of_a_ring(devices: int) -> None:
    arrays = list(np.random.default_rng(0).normal(size=(devices, 64)))
    averaged, messages, size = ring(arrays)
    for each in averaged:
        np.testing.assert_allclose(each, np.mean(arrays, axis=0), rtol=1e-12)
    wanted = messages * LINK.latency_s + size / LINK.bytes_per_s
    found = scaling_model.all_reduce_s(arrays[0].nbytes, devices, LINK)
    assert found == pytest.approx(wanted, rel=1e-12)


def test_many_devices_send_twice_the_gradient_each() -> None:
    quick = Link(1e9, 0.0)
    assert scaling_model.all_reduce_s(1e9, 2, quick) == pytest.approx(1.0)
    assert scaling_model.all_reduce_s(1e9, 512, quick) == pytest.approx(2.0 * 511 / 512)


def test_efficiency_by_hand() -> None:
    assert scaling_model.efficiency(RECIPE._replace(loaded_per_s=np.inf), 1, LINK) == 1.0
    # 14 messages of 1 ms and of 10 MB at 1 GB/s.
    with_data = RECIPE._replace(loaded_per_s=1e9)
    assert scaling_model.efficiency(with_data, 8, LINK) == pytest.approx(0.5 / (0.5 + 0.154))
    # A loader that makes 128 examples a second, for eight devices that take 16 each.
    assert scaling_model.efficiency(RECIPE, 8, LINK) == pytest.approx(0.5 / 1.0)
    assert scaling_model.devices_fed(RECIPE) == pytest.approx(4.0)


def test_at_the_fewest_examples_averaging_takes_as_long_as_computing() -> None:
    fewest = scaling_model.fewest_examples(RECIPE, 64, LINK)
    computing = RECIPE.step_s * fewest / RECIPE.examples
    assert computing == pytest.approx(scaling_model.all_reduce_s(80e6, 64, LINK))


@pytest.fixture(scope="module")
def reduced() -> dict[str, dict[str, int]]:
    """What XLA averages in the toy's step, by kind of parallelism and number of devices."""
    environment = {
        **os.environ,
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": virtual_devices.flags(max(DEVICES)),
    }
    root = Path(__file__).resolve().parents[2]
    made = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.all_reduced"],
        env=environment,
        cwd=root,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout)


def test_a_step_averages_the_gradient_and_its_terms_whatever_the_devices(reduced) -> None:
    gradient = sum(leaf.nbytes for leaf in jax.tree.leaves(toy.params()))
    terms = 4 * len(("total", "error", "size"))
    assert len(reduced) == 6
    for name, found in reduced.items():
        assert found == {"bytes": gradient + terms, "devices": int(name.split()[1])}, name


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("smoke", 91_024),
        ("stabnet_smoke", 36_508),
        ("stabgan_smoke", 3_580_212),
    ],
)
def test_the_gradient_is_as_large_as_the_network(name: str, wanted: int) -> None:
    config = configuration.load(CONFIGS / f"{name}.py")
    assert scaling.gradient_bytes(config) == wanted


def test_a_runs_log_tells_its_step(tmp_path: Path) -> None:
    lines = [
        {"step": 10, "total": 1.0, "steps_per_s": 0.1, "loader_wait": 0.0},
        {"step": 10, "jitter": 1.0},
        {"step": 20, "total": 1.0, "steps_per_s": 2.0, "loader_wait": 0.2},
        {"step": 30, "total": 1.0, "steps_per_s": 1.0, "loader_wait": 0.1},
        {"step": 40, "total": 1.0, "steps_per_s": 4.0, "loader_wait": 0.0},
    ]
    file = tmp_path / "metrics.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    assert scaling.step_seconds(tmp_path) == pytest.approx(0.4)
    file.write_text("")
    with pytest.raises(InputError, match=r"metrics\.jsonl: is no log of a run"):
        scaling.step_seconds(tmp_path)


def test_a_report_says_what_is_measured_and_what_is_waited_for() -> None:
    paces = [Loading(1, 32.0), Loading(2, 128.0)]
    report = scaling.report_of("dvs", RECIPE, paces, LINK)
    devices, loader = report.tables
    assert devices.values("devices") == [1, 8, 64, 512]
    assert devices.values("waits for") == ["–", "data", "data", "all-reduce"]
    assert devices.values("batch") == [16, 128, 1024, 8192]
    assert loader.values("over what 1 device takes") == pytest.approx([1.0, 4.0])
    assert loader.values("8 devices") == pytest.approx([0.125, 0.5])
    assert report.remarks[0].startswith("Measured: 0.5 s a step on one device, and the loader.")


def test_a_loader_without_its_data_is_no_reason_to_stop(monkeypatch, tmp_path: Path) -> None:
    report = scaling.measure(CONFIGS / "smoke.py", 0.1, None, LINK)
    assert len(report.tables) == 1
    assert "The loader was not timed: datasets/synthetic_clips/smoke: " in report.remarks[-1]


@pytest.mark.parametrize(("step_s", "run"), [(None, None), (0.1, Path("runs"))])
def test_a_step_is_told_once(step_s, run) -> None:
    with pytest.raises(InputError, match="tell either --step-s or --run"):
        scaling.measure(CONFIGS / "smoke.py", step_s, run, LINK)


@pytest.mark.parametrize(("name", "counts"), [("smoke", [1, 2, 4, 8]), ("stabnet_smoke", [1])])
def test_a_loader_is_timed_by_its_workers(name, counts, monkeypatch) -> None:
    config = configuration.load(CONFIGS / f"{name}.py")
    streams = {}

    def batches(config, workers):
        return streams.setdefault(workers, toy.Stream(config.train.batch_size))

    monkeypatch.setattr(loading, "_SECONDS", 0.0)
    monkeypatch.setattr(loading, "_batches", batches)
    paces = loading.measure(config)
    assert [pace.workers for pace in paces] == counts
    # Two for each worker lay ready; eight were timed.
    assert [stream.number for stream in streams.values()] == [8 + 2 * each for each in counts]
    assert all(pace.examples_per_s > 0.0 for pace in paces)

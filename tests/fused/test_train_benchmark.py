"""The benchmark of training: what it times, and what it makes of the times."""

import dataclasses
import json
from pathlib import Path

import pytest

from dvs_jax.errors import InputError
from dvs_jax.fused import train_benchmark
from dvs_jax.fused.train_benchmark import CASES, Case, StepSpeed


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", [Case("ours"), Case("ours", (15, 9)), Case("paper", (16, 9), micro_batches=2)]
)
def test_a_step_is_timed(case: Case) -> None:
    speed = train_benchmark.measure_step(case, batch=8, steps=3)
    assert speed.case == case
    assert 0.0 < speed.seconds < 60.0
    assert speed.windows_per_s == pytest.approx(8 / speed.seconds)


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> train_benchmark.TrainingReport:
    def measure_step(case: Case, windows: int) -> StepSpeed:
        return StepSpeed(case, 1, windows, 18.0 * windows / 16)

    monkeypatch.setattr(train_benchmark, "measure_step", measure_step)
    monkeypatch.setattr(train_benchmark, "_seconds_on", lambda count: 2.0 + count)
    return train_benchmark.measure()


def test_the_papers_recipe_is_twenty_thousand_of_its_steps(report) -> None:
    assert report.paper_hours == 100.0
    assert "would take 100.0 h here" in report.estimate
    assert "20000 updates, 50 an epoch" in report.estimate
    assert "(with one update an epoch, 2.00 h)" in report.estimate
    assert "130 h on an RTX 2080 Ti" in report.estimate


def test_every_case_and_number_of_devices_is_there(report, tmp_path: Path) -> None:
    file = tmp_path / "training.json"
    train_benchmark.write(report, file)
    written = json.loads(file.read_text())
    assert [each["case"]["network"] for each in written["steps"]] == [c.network for c in CASES]
    assert [each["devices"] for each in written["scaling"]] == [1, 2, 4, 8]
    assert [each["seconds"] for each in written["scaling"]] == [3.0, 4.0, 6.0, 10.0]
    assert written["paper_hours"] == 100.0
    assert written == json.loads(json.dumps(dataclasses.asdict(report)))


def test_a_process_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(InputError, match="training on 2 virtual devices fails: no message"):
        train_benchmark._seconds_on(2)

"""The benchmark of training: what it times, and what it makes of the times."""

import json
from pathlib import Path

import pytest

from dvs_jax.benchmarks import train, training_step
from dvs_jax.benchmarks.report import Report, write
from dvs_jax.benchmarks.train import CASES
from dvs_jax.benchmarks.training_step import Case, StepSpeed
from dvs_jax.errors import InputError


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", [Case("ours"), Case("ours", (15, 9)), Case("paper", (16, 9), micro_batches=2)]
)
def test_a_step_is_timed(case: Case) -> None:
    speed = training_step.measure_step(case, batch=8, steps=3)
    assert speed.case == case
    assert 0.0 < speed.seconds < 60.0
    assert speed.windows_per_s == pytest.approx(8 / speed.seconds)


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> Report:
    def measure_step(case: Case, windows: int) -> StepSpeed:
        return StepSpeed(case, 1, windows, 18.0 * windows / 16)

    monkeypatch.setattr(train, "measure_step", measure_step)
    monkeypatch.setattr(train, "_seconds_on", lambda count: 2.0 + count)
    return train.measure()


def test_the_papers_recipe_is_twenty_thousand_of_its_steps(report) -> None:
    assert report.details["paper_hours"] == 100.0
    estimate = report.remarks[-1]
    assert "would take 100.0 h here" in estimate
    assert "20000 updates, 50 an epoch" in estimate
    assert "(with one update an epoch, 2.00 h)" in estimate
    assert "130 h on an RTX 2080 Ti" in estimate


def test_every_case_and_number_of_devices_is_there(report, tmp_path: Path) -> None:
    file = tmp_path / "training.json"
    write(report, file)
    written = json.loads(file.read_text())
    steps, scaling = (table["rows"] for table in written["tables"])
    assert [each["network"] for each in steps] == [case.network for case in CASES]
    assert [each["flow"] for each in steps[:3]] == ["480 × 270", "120 × 68", "none"]
    assert [each["devices"] for each in scaling] == [1, 2, 4, 8]
    assert [each["s a step"] for each in scaling] == [3.0, 4.0, 6.0, 10.0]
    assert [each["ratio"] for each in scaling] == pytest.approx([1.0, 0.75, 0.5, 0.3])
    assert written["details"]["paper_hours"] == 100.0


def test_a_process_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(InputError, match="training on 2 virtual devices fails: no message"):
        train._seconds_on(2)

"""Terms left out in turn: what is trained, what is not trained again, and what is told."""

import json
import subprocess
from pathlib import Path

import pytest

from dvs_jax.benchmarks import loss_terms
from dvs_jax.benchmarks.report import render
from dvs_jax.errors import InputError

CONFIG = """
from dvs_jax.stabnet.settings import settings
def get_config():
    config = settings()
    config.train.loss_weights = ((1, {"half": 2.0}), (3, {"half": 1.0, "quarter": 0.5}))
    config.train.evaluate_every = %d
    config.train.best_measure = "worth"
    return config
"""


def config(tmp_path: Path, evaluate_every: int = 1) -> Path:
    file = tmp_path / "config.py"
    file.write_text(CONFIG % evaluate_every)
    return file


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """Takes the trainer's place; each seed's result is worse by 1 and by what is left out."""
    asked = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        folder = Path(command[command.index("--workdir") + 1])
        changes = dict(each.removeprefix("--config.train.").split("=", 1) for each in command[-2:])
        asked.append(changes)
        (folder / "model").mkdir(parents=True)
        left_out = changes["loss_weights"].count(": 0.0")
        lines = [{"step": 1, "epoch": 1, "total": 9.0}, {"step": 1, "epoch": 1, "worth": 8.0}]
        worth = 2.0 * (1 + left_out) + int(changes["seed"])
        lines += [{"step": 2, "epoch": 2, "worth": worth, "other": 1.0}]
        (folder / "metrics.jsonl").write_text("\n".join(map(json.dumps, lines)))
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    return asked


def test_each_term_is_left_out_in_turn(tmp_path, trained):
    report = loss_terms.measure(config(tmp_path), tmp_path / "runs", seeds=2)
    weights = [each["loss_weights"] for each in trained]
    assert weights[0] == "((1, {'half': 2.0}), (3, {'half': 1.0, 'quarter': 0.5}))"
    assert weights[2] == "((1, {'half': 0.0}), (3, {'half': 0.0, 'quarter': 0.5}))"
    assert weights[4] == "((1, {'half': 2.0}), (3, {'half': 1.0, 'quarter': 0.0}))"
    (table,) = report.tables
    assert table.values("left out") == ["none", "none", "half", "half", "quarter", "quarter"]
    assert table.values("seed") == [0, 1] * 3
    assert table.values("worth") == [2.0, 3.0, 6.0, 7.0, 4.0, 5.0]
    assert [*report.ratios.values()] == [6.5 / 2.5, 4.5 / 2.5]
    assert "worth without half, over that with all terms: 2.60 ×" in [*render(report)]


def test_what_has_been_trained_is_not_trained_again(tmp_path, trained):
    for _ in range(2):
        loss_terms.measure(config(tmp_path), tmp_path / "runs", seeds=1)
    assert len(trained) == 3


def test_a_config_without_evaluation_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"config\.py: config\.train\.evaluate_every is 0"):
        loss_terms.measure(config(tmp_path, 0), tmp_path / "runs", seeds=1)


@pytest.mark.slow
def test_a_training_that_fails_is_told(tmp_path):
    with pytest.raises(InputError, match=r"without-none-0: training fails: .*datasets"):
        loss_terms.measure(config(tmp_path), tmp_path / "runs", seeds=1)

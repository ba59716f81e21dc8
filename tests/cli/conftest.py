"""What the tests of the commands share."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dvs_jax import metrics, plots
from dvs_jax.cli import main, printing
from dvs_jax.metrics import Metrics, MetricsTable

from .run import Run


@pytest.fixture
def dvs(monkeypatch, capsys) -> Callable[..., Run]:
    """Runs `dvs-jax` with these arguments, in this process."""

    def run(*arguments: object) -> Run:
        monkeypatch.setattr(sys, "argv", ["dvs-jax", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printing.out.quiet = False
        printed = capsys.readouterr()
        return Run(int(ended.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture(autouse=True)
def quick_results(monkeypatch):
    """The plot and the metrics, which take longest, have tests of their own."""
    table = MetricsTable(*([Metrics(30, *([0.5] * 23))] * 2))
    monkeypatch.setattr(plots, "plot_path", lambda file, *_: file.write_bytes(b"a picture"))
    monkeypatch.setattr(metrics, "measure", lambda _, outputs, *__, **___: [*outputs] and table)


@pytest.fixture
def walk(walk: Path) -> Path:
    """The clip with its camera's description, so that nothing is missing."""
    (walk / "camera.toml").write_text("fov = 1.27\n")
    return walk

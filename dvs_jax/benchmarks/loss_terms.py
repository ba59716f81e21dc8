"""What each term of the loss is worth: trainings with each one left out in turn."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from ml_collections import ConfigDict

from dvs_jax.benchmarks.report import Column, Report, Table, Value
from dvs_jax.errors import InputError
from dvs_jax.progress import Track, silently
from dvs_jax.training import configuration
from dvs_jax.whole_file import make_folder

ALL = "none"
"""What is left out in the trainings that all others are compared with."""

Measures = Mapping[str, float]


class _Run(NamedTuple):
    left_out: str
    seed: int


def measure(config: Path, workdir: Path, seeds: int, track: Track = silently) -> Report:
    """Train with all terms, and with the weight of each one set to 0, and evaluate each network.

    Trainings that have ended in an earlier call are not done again, and one that was stopped goes
    on.

    Args:
        config: whose `loss_weights` name the terms, and which is evaluated at the end.
        workdir: folder of the runs.
        seeds: how many trainings each, with seeds from 0.
        track: reports the trainings.

    Raises:
        InputError: the config cannot be used, or a training fails.
    """
    loaded = configuration.load(config)
    if not loaded.train.evaluate_every:
        raise InputError(f"{config}: config.train.evaluate_every is 0; nothing would be compared")
    make_folder(workdir)
    runs = [_Run(term, seed) for term in (ALL, *_terms(loaded)) for seed in range(seeds)]
    measures = [
        _evaluated(config, loaded, run, workdir) for run in track(runs, len(runs), "trainings")
    ]
    return report_of(runs, measures, loaded.train.best_measure)


def report_of(runs: Sequence[_Run], measures: Sequence[Measures], best_measure: str) -> Report:
    """Return the report of trainings.

    Args:
        runs: those with all terms first.
        measures: of each.
        best_measure: the one whose ratios are told; empty for none.
    """
    names = tuple(measures[0])
    columns = (Column("left out"), Column("seed", "d"), *(Column(name, ".3f") for name in names))
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (run.left_out, run.seed, *found.values()) for run, found in zip(runs, measures, strict=True)
    )
    drawn = (best_measure,) if best_measure else names[:1]
    table = Table("held out, after training without a term of the loss", columns, rows, drawn)
    return Report("loss-terms", (table,), _ratios(runs, measures, best_measure))


def _ratios(runs: Sequence[_Run], measures: Sequence[Measures], name: str) -> dict[str, float]:
    if not name:
        return {}
    values: dict[str, list[float]] = {}
    for run, found in zip(runs, measures, strict=True):
        values.setdefault(run.left_out, []).append(found[name])
    means = {term: float(np.mean(each)) for term, each in values.items()}
    return {
        f"{name} without {term}, over that with all terms": mean / means[ALL]
        for term, mean in means.items()
        if term != ALL
    }


def _terms(config: ConfigDict) -> list[str]:
    return sorted({name for _, weights in config.train.loss_weights for name in weights})


def _evaluated(config: Path, loaded: ConfigDict, run: _Run, workdir: Path) -> Measures:
    """Train, unless that is done, and return what the last evaluation measured."""
    folder = workdir / f"without-{run.left_out}-{run.seed}"
    if not (folder / "model").exists():
        _train(config, _without(loaded.train.loss_weights, run.left_out), run.seed, folder)
    lines = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    evaluated = [line for line in lines if "total" not in line]
    return {name: value for name, value in evaluated[-1].items() if name not in ("step", "epoch")}


def _without(table: Sequence[tuple[int, Mapping[str, float]]], term: str) -> str:
    """Return the weights as the command line takes them, a term's being 0.

    It is still computed, for all trainings to run the same program.
    """
    rows = [
        (first, {name: 0.0 if name == term else weight for name, weight in weights.items()})
        for first, weights in table
    ]
    return repr(tuple(rows))


def _train(config: Path, weights: str, seed: int, folder: Path) -> None:
    changes = [f"--config.train.loss_weights={weights}", f"--config.train.seed={seed}"]
    command = [sys.executable, "-m", "dvs_jax", "train", "--config", str(config)]
    made = subprocess.run(
        [*command, "--workdir", str(folder), *changes], capture_output=True, text=True
    )
    if made.returncode:
        last = (made.stderr.strip() or "no message").splitlines()[-1]
        raise InputError(f"{folder}: training fails: {last}")

"""What runs the checks and benchmarks of an accelerator, where there is none."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dvs_jax.benchmarks import accelerator
from dvs_jax.benchmarks.accelerator import Row
from tests.accelerator import __main__ as runner

ROOT = Path(__file__).parents[1]
MISSING = ROOT / "tests" / "accelerator" / "missing.py"


WITHOUT = [
    "grain",
    "hypothesis",
    "importlib_resources",
    "pooch",
    "tensorboardX",
    "tensorflow_datasets",
]
"""What a machine made for JAX may lack, and requirements/accelerator.txt does not bring."""


def row(found: float = 1.0) -> Row:
    return Row("part", "what", found, math.nan, "ms")


@pytest.mark.slow
def test_without_an_accelerator_nothing_runs(tmp_path):
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "OUT": str(tmp_path)}
    environment["PYTHONPATH"] = str(ROOT)
    command = [sys.executable, ROOT / "tests" / "accelerator"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("no accelerator was found; JAX's devices: ")
    assert "cpu" in ended.stdout.lower()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_all_of_it_runs_without_what_such_a_machine_lacks():
    code = f"import sys; sys.modules.update(dict.fromkeys({WITHOUT}))\n"
    # `make accelerator` finds the tests by their folder, so they have its name.
    code += "sys.path.insert(0, 'tests')\nimport conftest, dvs_jax.benchmarks.accelerator\n"
    for file in sorted((ROOT / "tests" / "accelerator").glob("*.py")):
        code += f"import accelerator.{file.stem}\n"
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


def test_a_part_that_fails_does_not_cost_the_others(tmp_path, monkeypatch, capsys):
    def failing(tiny: bool):
        yield [row(2.5)]
        raise RuntimeError("out of memory\nand more")

    parts = {"first": failing, "last": lambda tiny: iter([[row(3.5)], [row(4.5)]])}
    monkeypatch.setattr(accelerator, "PARTS", parts)
    run = runner.Run(tmp_path / "accelerator.json")
    run.measure(tiny=False)
    run.show()
    assert run.failures == ["first failed: RuntimeError: out of memory"]
    written = json.loads((tmp_path / "accelerator.json").read_text())
    assert [each["found"] for each in written["tables"][0]["rows"]] == [2.5, 3.5, 4.5]
    assert written["remarks"][0] == "first failed: RuntimeError: out of memory"
    assert capsys.readouterr().out.count("first failed") == 1


def test_what_there_is_no_time_for_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(accelerator, "PARTS", {"late": lambda _: iter([[row()]])})
    monkeypatch.setattr(runner, "BUDGET_S", 0.0)
    run = runner.Run(tmp_path / "accelerator.json")
    monkeypatch.setattr(runner.time, "monotonic", lambda: run._start + 1.0)
    run.measure(tiny=False)
    run.show()
    assert "left out for want of time: the rest of late" in capsys.readouterr().out
    assert run.failures == []


def test_errors_stand_beside_their_limits(tmp_path):
    class Report:
        location, when, outcome, failed = ("file", 1, "test_many_things"), "call", "failed", True
        user_properties = (("angle", (0.5, 0.1, "rad")),)

    run = runner.Run(tmp_path / "accelerator.json")
    run.pytest_runtest_logreport(Report())
    (written,) = json.loads((tmp_path / "accelerator.json").read_text())["tables"][0]["rows"]
    assert written["found"] == 0.5
    assert written["at most"] == 0.1
    assert written["unit"] == "rad"
    assert run.failures == ["the check “many things” failed"]


@pytest.mark.slow
@pytest.mark.parametrize("part", ["RAFT", "training"])
def test_every_measurement_gives_numbers(part):
    rows = [row for rows in accelerator.PARTS[part](True) for row in rows]
    assert len(rows) == {"RAFT": 2, "training": 1}[part]
    assert all(row.found > 0.0 for row in rows)


@pytest.mark.slow
def test_only_packages_that_are_not_there_are_asked_for(tmp_path):
    file = tmp_path / "requirements.txt"
    file.write_text("# Comments do not count.\npytest==0.1\nno-such-package==1.0\n")
    found = subprocess.run([sys.executable, MISSING, file], capture_output=True, text=True)
    assert found.stdout == "no-such-package==1.0\n"

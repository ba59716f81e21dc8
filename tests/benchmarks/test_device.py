"""The devices' speed, on tiny frames."""

import json
import sys

import jax.numpy as jnp
import pytest

from dvs_jax.benchmarks import device
from dvs_jax.benchmarks.device import TOGETHER, Case
from dvs_jax.cli import main
from dvs_jax.fused.architecture import Architecture

TINY = Case((256, 256), 1, 1, jnp.float32, Architecture(lstm=(8,), fusion=8, flow_size=(30, 17)))


@pytest.mark.slow
def test_every_part_is_measured(monkeypatch):
    monkeypatch.setattr(device, "_RUNS", 1)
    parts = device.measure_parts(TINY)
    assert len(parts) == 6
    assert min(parts.values()) > 0.0
    assert parts["flow and network"] > parts["network alone"]


def test_the_command_prints_a_table_and_writes_the_numbers(tmp_path, monkeypatch, capsys):
    report = device.report_of({TOGETHER: 2.87, "drawing": 3.0}, Case())
    monkeypatch.setattr(device, "measure", lambda: report)
    file = tmp_path / "speed.json"
    monkeypatch.setattr(sys, "argv", ["dvs-jax", "benchmark", "device", "--out", str(file)])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr().out
    assert not ended.value.code
    assert "1920 × 1080, RAFT-small, bfloat16" in printed
    assert "348 frames/s" in printed
    assert "the paper's 287 ms a frame on a T4: 100.00 ×" in printed
    written = json.loads(file.read_text())
    assert written["details"]["frames_per_s"] == pytest.approx(1000 / 2.87)
    assert written["tables"][0]["rows"][1] == {"part": "drawing", "ms a frame": 3.0}
    assert [*written["ratios"].values()] == [pytest.approx(100.0)]

"""The devices' speed, on tiny frames."""

import json
import sys

import jax.numpy as jnp
import pytest

from dvs_jax.cli import main
from dvs_jax.fused.architecture import Architecture
from dvs_jax.stabilization.devices import benchmark
from dvs_jax.stabilization.devices.benchmark import Case, Speed

TINY = Case((256, 256), 1, 1, jnp.float32, Architecture(lstm=(8,), fusion=8, flow_size=(30, 17)))


@pytest.mark.slow
def test_every_part_is_measured(monkeypatch):
    monkeypatch.setattr(benchmark, "_RUNS", 1)
    speed = benchmark.measure(TINY)
    parts = (speed.upload_ms, speed.network_ms, speed.drawing_ms, speed.download_ms)
    assert min(parts) > 0.0
    assert speed.flow_and_network_ms > speed.network_ms
    assert speed.device == "1 × cpu"


def test_the_numbers_are_written_with_what_they_come_to(tmp_path):
    speed = Speed("1 × cpu", 28.7, 1.0, 2.0, 3.0, 4.0, 5.0)
    assert speed.gain == pytest.approx(10.0)
    benchmark.write(speed, tmp_path / "speed.json")
    written = json.loads((tmp_path / "speed.json").read_text())
    assert written["frames_per_s"] == pytest.approx(1000 / 28.7)
    assert written["drawing_ms"] == 4.0


def test_the_command_prints_a_table_and_writes_the_numbers(tmp_path, monkeypatch, capsys):
    speed = Speed("2 × H200", 2.87, 1.0, 2.0, 3.0, 4.0, 5.0)
    monkeypatch.setattr(benchmark, "measure", lambda: speed)
    file = tmp_path / "speed.json"
    monkeypatch.setattr(sys, "argv", ["dvs-jax", "benchmark", "device", "--out", str(file)])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr().out
    assert not ended.value.code
    assert "2 × H200" in printed
    assert "348 frames/s, 100.0 × the paper's 287 ms a frame on a T4" in printed
    assert json.loads(file.read_text())["network_ms"] == 3.0

"""A trace of some steps, and what the log tells of a run's pace."""

import json

import jax
import pytest

from dvs_jax.training import loop, operations, parallel, profiling

from . import toy


@pytest.mark.slow
def test_some_steps_are_traced_and_their_operations_told(tmp_path, capsys):
    config = toy.config(profile_steps=2, log_every=5)
    loop.train(config, tmp_path, toy.params(), toy.loss, toy.Stream(16))
    (trace,) = (tmp_path / "profile").rglob("*.xplane.pb")
    assert trace.stat().st_size > 1000
    told = " ".join(capsys.readouterr().err.split())
    assert "profile/: a trace for TensorBoard or XProf" in told and "GFLOP a device" in told
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    for line in lines:
        assert line["examples_per_s"] == pytest.approx(16 * line["steps_per_s"])


def test_without_the_setting_nothing_is_traced(tmp_path):
    loop.train(toy.config(), tmp_path, toy.params(), toy.loss, toy.Stream(16))
    assert not (tmp_path / "profile").exists()


@pytest.mark.parametrize("kind", parallel.KINDS)
def test_the_share_of_a_known_peak_is_told(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(operations, "count", lambda *_: 5e11)
    monkeypatch.setattr(profiling, "_PEAKS", {jax.devices()[0].device_kind: 2.0})
    config = toy.config(parallel=kind)
    loop.train(config, tmp_path, toy.params(), toy.loss, toy.Stream(16))
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert len(lines) == 10
    for line in lines:
        assert line["of_peak"] == pytest.approx(0.25 * line["steps_per_s"])


def test_a_device_is_known_by_how_its_name_begins(monkeypatch):
    named = lambda kind: [type("Device", (), {"device_kind": kind})()]  # noqa: E731
    for kind, peak in (("NVIDIA H100 80GB HBM3", 989.0), ("TPU v5 lite", 197.0), ("cpu", None)):
        monkeypatch.setattr(jax, "local_devices", lambda kind=kind: named(kind))
        assert profiling.peak_tflop_per_s() == peak

"""A trace of some steps, and what the log tells of a run's pace."""

import json

import jax
import jax.numpy as jnp
import pytest

from dvs_jax.training import loop, profiling

from . import toy


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


def test_a_product_of_matrices_is_counted():
    square = jnp.ones((64, 64))
    found = profiling.gflop(jax.jit(lambda a, b: a @ b), square, square)
    assert found == pytest.approx(2 * 64**3 / 1e9, rel=1e-3)

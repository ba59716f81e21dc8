"""The subject's speed, by a network that takes no time."""

import sys

import jax
import jax.numpy as jnp
import pytest

from dvs_jax.benchmarks import subject
from dvs_jax.cli import main
from dvs_jax.subject import networks
from dvs_jax.subject.networks import PoseNetworks
from dvs_jax.tflite import Network
from tests.subject import redness


@jax.jit
def _see(weights, picture):
    return picture[..., :1] + weights["unused"][0]


@jax.jit
def _detect(weights, picture):
    return jnp.full((147, 12), picture.mean()), jnp.zeros((147, 1))


WEIGHTS = {"unused": jnp.zeros(1)}
SELFIE = Network(WEIGHTS, lambda *a: (_see(*a),), ((32, 32, 3),), ((32, 32, 1),))
DETECTOR = Network(WEIGHTS, _detect, ((56, 56, 3),), ((147, 12), (147, 1)))


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(subject, "SIZES", ((128, 96), (160, 128)))
    monkeypatch.setattr(subject, "BATCH", 3)
    monkeypatch.setattr(subject, "_REPEATS", 1)
    monkeypatch.setattr(subject.detector, "anchors", lambda size: jnp.zeros((147, 2)))
    pose = PoseNetworks(DETECTOR, redness.NETWORK)
    monkeypatch.setattr(networks, "load_pose", lambda which, folder: pose)
    monkeypatch.setattr(networks, "load_mask", lambda which, folder: SELFIE)


@pytest.mark.slow
def test_networks_and_stages_are_timed(tiny):
    report = subject.measure(None)
    alone, stages = report.tables
    assert (
        alone.values("network")[::2]
        == alone.values("network")[1::2]
        == [
            "detector",
            "points",
            "points and mask",
            "selfie general",
            "selfie landscape",
        ]
    )
    assert alone.values("frames at once") == 5 * [1, 3]
    assert min(alone.values("ms a frame")) > 0.0
    assert {"encoding", "decoding", "points", "drawing", "background blurred"} <= set(
        stages.values("stage")
    )
    for width, height in subject.SIZES:
        assert min(stages.values(f"ms a frame, {width} × {height}")) > 0.0


@pytest.mark.slow
def test_the_command_prints_both_tables(tiny, monkeypatch, capsys):
    report = subject.measure(None)
    monkeypatch.setattr(subject, "measure", lambda models, track: report)
    monkeypatch.setattr(sys, "argv", ["dvs-jax", "benchmark", "subject"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    printed = capsys.readouterr().out
    assert "selfie landscape" in printed and "background removed" in printed

import logging

import numpy as np
import pytest
from flax import nnx

import dvs_jax
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.network import FusedNetwork


def predict(walk, caplog):
    caplog.clear()
    network = FusedNetwork(Architecture(flow=False, lstm=(8,)), nnx.Rngs(0))
    with caplog.at_level(logging.INFO, "dvs_jax"):
        path = dvs_jax.predict_trajectory(network, dvs_jax.load_clip(walk))
    assert len(path) == 30
    return caplog.text


@pytest.mark.slow
def test_a_gyro_log_without_look_ahead_is_told(walk, caplog):
    assert "looks 400 ms ahead" not in predict(walk, caplog)
    log = walk / "walking_gyro.txt"
    rows = np.loadtxt(log)
    frames = np.loadtxt(walk / "walking_frame.txt")
    np.savetxt(log, rows[rows[:, 0] * 1000 < frames[-1, 0] + 100e6], fmt="%.9f")
    # 300 of the 400 ms are missing at the end: nine or ten frames at 30 frames/s.
    text = predict(walk, caplog)
    assert "in the last 9 frames" in text or "in the last 10 frames" in text

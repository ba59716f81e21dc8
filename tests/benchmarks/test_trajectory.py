import pytest

from dvs_jax.benchmarks import trajectory
from dvs_jax.fused.architecture import Architecture, FullyConnected


@pytest.mark.slow
def test_one_clip_and_a_batch_are_timed(monkeypatch):
    monkeypatch.setattr(trajectory, "CLIP_SECONDS", 1)
    monkeypatch.setattr(trajectory, "BATCH", 2)
    monkeypatch.setattr(trajectory, "RUNS", 1)
    monkeypatch.setattr(trajectory, "FLOW_FEATURES", 0)
    small = Architecture(flow=False, lstm=(8,), fully_connected=(FullyConnected(4),))
    monkeypatch.setattr(trajectory, "Architecture", lambda: small)
    (table,) = (report := trajectory.measure()).tables
    assert table.values("clips") == ["one clip", "batch of 2"]
    one_s, batch_s = table.values("seconds")
    assert 0.0 < one_s < 60.0 and 0.0 < batch_s < 60.0
    assert table.values("clips/s") == [pytest.approx(1 / one_s), pytest.approx(2 / batch_s)]
    assert [*report.ratios.values()] == [pytest.approx(2 * one_s / batch_s)]

import pytest
from flax import nnx

from dvs_jax.benchmarks import frames_only
from dvs_jax.benchmarks.report import render
from dvs_jax.errors import InputError
from dvs_jax.stabnet import official_frames, weights
from dvs_jax.stabnet.network import Network


@pytest.mark.slow
def test_networks_are_timed_beside_a_transcode(walk, tmp_path, monkeypatch):
    monkeypatch.setattr(frames_only, "ROUNDS", 1)
    monkeypatch.setattr(official_frames, "SIZE", (128, 72))
    model = str(tmp_path / "model")
    weights.save(Network(nnx.Rngs(0)), tmp_path / "model")
    report = frames_only.measure(walk, [model])
    (table,) = report.tables
    official = "StabNet as published, random weights"
    assert table.values("from file to file") == [
        "plain transcode",
        model,
        f"{model}, --refine none",
        official,
    ]
    speeds, times = table.values("frames/s"), table.values("time / transcode's")
    assert times == pytest.approx([speeds[0] / speed for speed in speeds])
    assert [*report.ratios.values()] == [*times[1:], pytest.approx(speeds[-1] / 5.0)]
    assert f"time of {official} over the transcode's: {times[-1]:.2f} ×" in [*render(report)]


def test_a_network_that_reads_a_gyro_is_refused(walk):
    with pytest.raises(InputError, match="gyro_only: reads gyro, not frames alone"):
        frames_only.measure(walk, ["gyro_only"])

import numpy as np
import pytest
from flow.weights import untrained_small

from dvs_jax.benchmarks.flow import measure_speed, measure_time_shares, moving_texture
from dvs_jax.flow import create
from dvs_jax.flow.raft import RaftEstimator


def test_frames_move_without_repeating():
    frames = moving_texture(5, 40, 60)
    assert all(frame.shape == (40, 60, 3) and frame.dtype == np.uint8 for frame in frames)
    assert np.array_equal(frames[0][3:, 5:], frames[1][:-3, :-5])


@pytest.mark.slow
def test_rows_of_the_benchmark():
    alone, batched = (
        RaftEstimator(name, untrained_small(), iterations=2, pairs_at_once=pairs)
        for name, pairs in (("alone", 1), ("batched", 3))
    )
    rows = list(measure_speed([create("dis"), alone, batched], (64, 72), pairs=3))
    assert [row.estimator for row in rows] == [
        "dis",
        "alone",
        "alone, pair by pair",
        "batched",
        "batched, batches of one",
        "batched, pair by pair",
    ]
    for row in rows:
        assert row.pairs_per_second * row.milliseconds == pytest.approx(500)


@pytest.mark.slow
def test_shares_make_up_the_whole():
    shares = measure_time_shares(RaftEstimator("raft", untrained_small(), iterations=2), (64, 72))
    assert shares.milliseconds > 0
    assert shares.lookup + shares.convolution + shares.transfer == pytest.approx(1)
    assert 0 < shares.transfer < 1

import numpy as np
import pytest

from dvs_jax.synthetic.flow_faults import FlowFaults, draw_flow_faults, spoil

SHAPE = (68, 120, 4)


def uniform(value):
    return np.full(SHAPE, value, np.float32)


@pytest.mark.parametrize("shape", [SHAPE, (270, 480, 4)])
def test_noise_is_as_strong_as_asked_for_and_smooth(shape):
    rng = np.random.default_rng(0)
    flow = np.full(shape, 3.0, np.float32)
    spoiled = [spoil(flow, FlowFaults(noise=1e-3), rng) for _ in range(20)]
    error = np.stack(spoiled) - 3.0
    assert error.dtype == np.float32
    assert np.isclose(error.std(), 1e-3 * shape[1], rtol=0.1)
    assert abs(error.mean()) < 0.1 * error.std()
    neighbours = np.corrcoef(error[:, :, 1:, 0].ravel(), error[:, :, :-1, 0].ravel())[0, 1]
    assert 0.55 < neighbours < 0.85


def test_without_faults_nothing_changes():
    flow = np.random.default_rng(1).normal(size=SHAPE).astype(np.float32)
    assert np.array_equal(spoil(flow, FlowFaults(), np.random.default_rng(0)), flow)


def test_edges_are_blurred_where_there_is_noise():
    flow = uniform(0.0)
    flow[:, 60:] = 4.0
    rng = np.random.default_rng(0)
    row = np.mean([spoil(flow, FlowFaults(noise=1e-6), rng)[30, :, 0] for _ in range(5)], axis=0)
    assert np.allclose(row[58:63], [0, 4 / 3, 8 / 3, 4, 4], atol=1e-2)


def test_strong_motion_fails_as_often_as_asked_for_and_weak_motion_hardly_ever():
    rng = np.random.default_rng(2)
    faults = FlowFaults(failure_chance=0.4)
    strong, weak = uniform(0.06 * 120), uniform(0.002 * 120)
    failed = [
        np.mean([not np.array_equal(spoil(flow, faults, rng), flow) for _ in range(400)])
        for flow in (strong, weak)
    ]
    assert np.isclose(failed[0], 0.4, atol=0.07)
    assert np.isclose(failed[1], 0.4 * 0.05, atol=0.02)
    broken = next(s for s in (spoil(strong, faults, rng) for _ in range(99)) if s[0, 0, 0] < 7)
    assert np.abs(broken).mean() < 0.9 * strong.mean()


def test_regions_are_dropped_as_often_as_asked_for():
    rng = np.random.default_rng(3)
    flow = uniform(2.0)
    kept = np.array(
        [(spoil(flow, FlowFaults(drop_chance=0.3), rng) != 0).mean() for _ in range(1000)]
    )
    assert np.isclose((kept < 1).mean(), 0.3, atol=0.05)
    assert np.isclose((kept == 0).mean(), 0.3 * 0.15, atol=0.025)
    some = spoil(flow, FlowFaults(drop_chance=1.0), np.random.default_rng(5))
    assert set(np.unique(some)) == {0.0, 2.0}
    assert np.array_equal(some[..., 0], some[..., 3])


def test_equal_seeds_spoil_equally_and_leave_the_original():
    flow = uniform(5.0)
    faults = draw_flow_faults(np.random.default_rng(4))
    assert 2e-4 <= faults.noise <= 2e-3
    first, second = (spoil(flow, faults, np.random.default_rng(9)) for _ in range(2))
    assert np.array_equal(first, second)
    assert np.all(flow == 5.0)

import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.subject import one_euro
from dvs_jax.subject.anchor import Measured
from dvs_jax.subject.anchor_path import Smoothing, smooth, spread

RATE = 30.0


def track(count=150, missing=(), noise=0.0):
    time_s = np.arange(count) / RATE
    truth = np.stack([100.0 + 40.0 * time_s, 200.0 + 2.0 * np.sin(4 * np.pi * time_s)], -1)
    present = np.ones(count, bool)
    for gap in missing:
        present[gap] = False
    rng = np.random.default_rng(0)
    place = np.where(present[:, None], truth + noise * rng.standard_normal(truth.shape), np.nan)
    return time_s, truth, Measured(place, present, 68.0)


def test_a_gap_of_half_a_second_is_crossed_without_a_jump():
    time_s, truth, measured = track(missing=[slice(60, 75)], noise=0.8)
    path = smooth(time_s, measured)
    assert path.status[59:61] == ["measured", "interpolated"] and not path.weight[60:75].any()
    steps = np.abs(np.diff(path.place - truth, axis=0)).max()
    assert steps < 1.0
    assert np.abs(path.place - truth)[60:75].max() < 3.5


def test_a_long_gap_is_bridged_and_ends_are_held():
    time_s, _, measured = track(missing=[slice(0, 10), slice(60, 100), slice(140, 150)])
    path = smooth(time_s, measured)
    assert path.status[:10] == ["held"] * 10 and path.status[60:100] == ["held"] * 40
    assert np.all(path.place[:10] == path.place[10]) and np.all(path.place[140:] == path.place[139])
    middle = (path.place[59] + path.place[100]) / 2
    assert path.place[[79, 80]].mean(axis=0) == pytest.approx(middle, abs=1e-9)
    assert np.abs(np.diff(path.place[59:63], axis=0)).max() < 0.2


def test_nothing_goes_across_a_cut_and_a_shot_without_the_person_is_absent():
    time_s, truth, measured = track(missing=[slice(60, 90)])
    measured.place[90:] += 300.0
    path = smooth(time_s, measured, cuts=(60, 90))
    assert path.status[60:90] == ["absent"] * 30 and np.isnan(path.place[60:90]).all()
    assert np.abs(path.place[:60] - truth[:60]).max() < 0.5
    assert np.abs(path.place[90:] - truth[90:] - 300.0).max() < 0.5


@pytest.mark.parametrize("method", ["one-euro", "gaussian", "moving", "none"])
def test_every_method_fills_gaps_and_keeps_near(method):
    time_s, truth, measured = track(missing=[slice(60, 80)], noise=0.5)
    path = smooth(time_s, measured, Smoothing(method))
    assert np.isfinite(path.place).all()
    assert np.abs(path.place - truth)[:60].max() < (12.0 if method == "one-euro" else 3.0)
    if method == "none":
        assert np.allclose(path.place[:60], measured.place[:60])


def test_a_single_measurement_is_held():
    time_s, truth, measured = track(missing=[slice(0, 70), slice(71, 150)])
    path = smooth(time_s, measured)
    assert np.allclose(path.place, truth[70], atol=1e-3)


def test_sightings_are_spread_over_the_clip():
    seen = Measured(np.array([[1.0, 2.0], [np.nan, np.nan]]), np.array([True, False]), 9.0)
    spreads = spread(seen, np.array([2, 3]), 5)
    assert spreads.present.tolist() == [False, False, True, False, False]
    assert spreads.place[2].tolist() == [1.0, 2.0] and np.isnan(spreads.place[[0, 1, 3, 4]]).all()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"method": "kalman"}, "no smoother 'kalman'"),
        ({"cutoff_hz": float("nan")}, "cutoff nan Hz"),
        ({"frames": 4}, "odd number"),
        ({"deviation_s": 0.0}, "deviation 0 s"),
    ],
)
def test_what_is_no_smoothing_is_told(wrong, said):
    with pytest.raises(InputError, match=said):
        Smoothing(**wrong)
    assert Smoothing(one_euro=one_euro.OneEuro(beta=0.0)).one_euro.beta == 0.0

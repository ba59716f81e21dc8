from collections import Counter

import numpy as np
import pytest

from dvs_jax.synthetic import draw, draw_action_camera
from dvs_jax.synthetic.variety import FRAME_RATE_SHARES, MOTION_SHARES


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(0)
    return [draw(rng, 2.0) for _ in range(2000)]


def test_shares_add_up():
    assert np.isclose(sum(MOTION_SHARES.values()), 1.0)
    assert np.isclose(sum(FRAME_RATE_SHARES.values()), 1.0)


def test_clips_are_drawn_in_the_shares_that_are_set(drawn):
    motions, rates = Counter(c.motion for c in drawn), Counter(c.frame_rate for c in drawn)
    for found, shares in ((motions, MOTION_SHARES), (rates, FRAME_RATE_SHARES)):
        for value, share in shares.items():
            assert np.isclose(found[value] / 2000, share, atol=0.035)
    assert len({clip.seed for clip in drawn}) == 2000


def test_strength_readout_and_faults_stay_in_their_ranges(drawn):
    strength = np.array([clip.strength for clip in drawn])
    assert strength.min() >= 0.3
    assert strength.max() <= 2.5
    others = [clip.strength for clip in drawn if clip.motion != "running"]
    assert np.isclose(np.median(others), np.sqrt(0.3 * 2.5), rtol=0.08)
    assert max(clip.strength for clip in drawn if clip.motion == "running") <= 1.3
    readout = np.array([clip.readout_time_s for clip in drawn])
    assert readout.min() >= 0.005
    assert all(clip.readout_time_s <= 0.98 / clip.frame_rate for clip in drawn)
    assert all(clip.clock_offset_s == 0.0 and clip.ois_log for clip in drawn)
    bias = np.degrees([clip.gyro_bias for clip in drawn])
    assert 0.09 < np.abs(bias).max() <= 0.1


def test_severe_faults_are_there_half_of_the_time():
    rng = np.random.default_rng(1)
    clips = [draw(rng, 2.0, "severe") for _ in range(1000)]
    late = np.array([clip.clock_offset_s != 0.0 for clip in clips])
    biased = np.array([np.abs(clip.gyro_bias).max() > np.radians(0.1) for clip in clips])
    # One in eight clips that would have had none of the three is made late.
    assert np.isclose(late.mean(), 0.625, atol=0.05)
    assert np.isclose(biased.mean(), 0.5, atol=0.05)
    assert 0.029 < max(abs(clip.clock_offset_s) for clip in clips) <= 0.030
    with_ois = [clip for clip in clips if clip.ois]
    assert np.isclose(np.mean([clip.ois_log for clip in with_ois]), 0.5, atol=0.06)


def test_clean_clips_have_no_faults_and_equal_states_draw_equal_clips():
    first, second = (draw(np.random.default_rng(7), 2.0, "none") for _ in range(2))
    assert first == second
    assert first.gyro_noise == first.clock_jitter_s == first.clock_offset_s == 0.0
    assert first.gyro_bias == (0.0, 0.0, 0.0)


def test_action_cameras_have_slow_gyros_whose_clocks_drift_if_they_have_faults():
    rng = np.random.default_rng(2)
    faulty = [draw_action_camera(rng, 2.0, "severe") for _ in range(400)]
    clean = [draw_action_camera(rng, 2.0, "none") for _ in range(20)]
    assert np.isclose(np.mean([clip.motion == "flying" for clip in faulty]), 0.5, atol=0.07)
    assert {clip.motion for clip in faulty + clean} == {"flying", "cycling"}
    rates = np.array([clip.gyro_rate_hz for clip in faulty])
    assert 50.0 <= rates.min() < 55.0 and 360.0 < rates.max() <= 400.0
    drifts = np.array([clip.clock_drift for clip in faulty])
    assert 0.9e-4 < np.abs(drifts).max() <= 1e-4 and abs(drifts.mean()) < 1e-5
    assert all(clip.gyro_rate_hz == 400.0 and clip.clock_drift == 0.0 for clip in clean)

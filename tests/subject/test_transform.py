from pathlib import Path

import numpy as np
import pytest

from dvs_jax.subject import transform
from tests.subject import noisy

CASES = np.load(Path(__file__).parents[1] / "golden/subject/transform.npz")["cases"]


def test_recorded_matrices():
    anchor, target, scale, roll = CASES[:, 0:2], CASES[:, 2:4], CASES[:, 4], CASES[:, 5]
    forward = transform.forward(anchor, target, scale, roll)
    assert np.abs(forward.reshape(-1, 6) - CASES[:, 8:14]).max() < 1e-9
    assert np.abs(transform.inverse(forward).reshape(-1, 6) - CASES[:, 14:20]).max() < 1e-9


def test_locks_set_a_leaning_person_upright_and_keep_the_size():
    time_s = np.arange(120) / 30.0
    sizes = 50.0 * (1.0 + 0.2 * time_s / 4.0)
    places = np.stack([noisy.standing(0.0, 0.0, torso) for torso in sizes])
    cosine, sine = np.cos(0.2), np.sin(0.2)
    leaning = places @ np.array([[cosine, sine], [-sine, cosine]])
    pose = noisy.poses(leaning, noise_px=0.5)
    told = transform.roll_and_log_side(pose)
    assert told[:, 0] == pytest.approx(0.2, abs=0.05)
    roll, scale = transform.locked(time_s, told, np.ones(120, bool))
    assert roll[20:100] == pytest.approx(0.2, abs=0.005)
    assert (scale * sizes)[20:100] == pytest.approx(55.0, abs=0.5)
    matrix = transform.forward(leaning[:, 23], np.array([320.0, 180.0]), scale, roll)
    upright = np.einsum("fij,fpj->fpi", matrix[..., :2], leaning) + matrix[:, None, :, 2]
    lean = upright[:, 11] + upright[:, 12] - upright[:, 23] - upright[:, 24]
    assert np.abs(lean[20:100, 0] / lean[20:100, 1]).max() < 0.005
    assert upright[:, 23] == pytest.approx(np.broadcast_to([320.0, 180.0], (120, 2)))


def test_a_shot_without_the_person_is_not_turned():
    time_s, present = np.arange(90) / 30.0, np.arange(90) < 45
    told = np.where(present[:, None], (0.3, 5.0), np.nan)
    roll, scale = transform.locked(time_s, told, present, cuts=(45,))
    assert np.all(roll[45:] == 0.0) and scale == pytest.approx(1.0)

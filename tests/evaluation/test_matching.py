"""Each method uses as much of the frame as it may: no less, no more."""

import numpy as np
import pytest

from dvs_jax import quaternion
from dvs_jax.camera_path import CameraPath
from dvs_jax.evaluation.matching import match
from dvs_jax.evaluation.methods import Row, rows
from dvs_jax.evaluation.network import NetworkPaths

from .footage import yawing

STILL = yawing(np.zeros(60), "still")


def turned(angle_deg: float) -> CameraPath:
    """The still camera's path, turned by a fixed yaw: it keeps less the more it is turned."""
    turn = quaternion.from_rotation_vector(np.radians([0.0, angle_deg, 0.0]))
    return CameraPath(STILL.real.time_ns, np.broadcast_to(turn, (60, 4)))


def by_strength(angle_of) -> list[CameraPath]:
    return lambda strengths: [turned(angle_of(each)) for each in strengths]


def angle_that_keeps(share: float) -> float:
    half, focal = 0.5, 1 / 1.27
    return float(np.degrees(np.arctan(half / focal) - np.arctan(share * half / focal)))


@pytest.mark.slow
@pytest.mark.parametrize("crop", [0.04, 0.07])
def test_every_tuned_method_keeps_what_the_crop_leaves(walking, margin_keeper, crop):
    every = rows({"keeper": margin_keeper}, 0.4)
    not_tuned = "input", "within frame", "within frame, whole clip", "model keeper, whole clip"
    tuned: list[Row] = [row for row in every if not row.label.endswith(not_tuned)]
    assert len(tuned) == 4 + 1 + 3
    for row in tuned:
        kept = walking.kept(row.find(walking, crop).path).min()
        assert kept == pytest.approx(1 - 2 * crop, abs=1e-6), row.label
        assert kept >= 1 - 2 * crop


@pytest.mark.slow
def test_within_the_frame_every_method_keeps_what_the_crop_leaves(walking, margin_keeper):
    for row in rows({"keeper": margin_keeper}, 0.4):
        if row.label.endswith("within frame"):
            kept = walking.kept(row.find(walking, 0.05).path).min()
            assert kept == pytest.approx(0.9, abs=1e-3), row.label
            assert kept >= 0.9 - 1e-6


def test_the_strength_is_that_which_turns_the_frame_just_so_far():
    found = match(by_strength(lambda strength: strength), (1.0, 2.0, 4.0, 8.0), STILL, 0.8)
    assert found.strength == pytest.approx(angle_that_keeps(0.8), rel=1e-3)
    assert STILL.kept(found.path) == pytest.approx(np.full(60, 0.8), abs=1e-6)


def test_a_method_that_moves_in_steps_is_met_between_them():
    found = match(by_strength(np.floor), (1.0, 2.0, 4.0, 8.0), STILL, 0.8)
    assert 5.0 < angle_that_keeps(0.8) < 6.0
    assert found.strength == pytest.approx(6.0, rel=0.01)
    assert STILL.kept(found.path).min() == pytest.approx(0.8, abs=1e-6)


def test_the_strongest_that_keeps_enough_is_taken_where_a_weaker_one_does_not():
    angles = {1.0: 1.0, 2.0: 20.0, 4.0: 2.0, 8.0: 20.0}
    found = match(by_strength(lambda s: angles.get(s, 2.0 * s - 6.0)), [*angles], STILL, 0.8)
    assert found.strength == pytest.approx((angle_that_keeps(0.8) + 6.0) / 2.0, rel=1e-3)


def test_a_method_that_could_use_more_stays_at_its_greatest_strength():
    found = match(by_strength(lambda strength: strength), (0.5, 1.0), STILL, 0.8)
    assert found.strength == 1.0
    assert np.array_equal(found.path.quaternion, turned(1.0).quaternion)


def test_a_method_that_never_keeps_enough_keeps_what_it_can():
    found = match(by_strength(lambda s: 10.0 + abs(s - 2.0)), (1.0, 2.0, 4.0), STILL, 0.8)
    assert found.strength == 2.0


@pytest.mark.slow
def test_a_networks_strengths_in_one_batch_are_those_one_by_one(walking, margin_keeper):
    paths_of = NetworkPaths(margin_keeper, walking)
    together = paths_of(np.array([0.5, 1.0, 2.0]))
    kept = [walking.kept(path).min() for path in together]
    assert kept[0] > kept[1] > kept[2]
    for strength, path in zip([0.5, 1.0, 2.0], together, strict=True):
        (alone,) = paths_of(np.array([strength]))
        assert np.allclose(alone.quaternion, path.quaternion, atol=1e-6)

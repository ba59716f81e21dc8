"""Maps held within a crop: covered, smoothly, and left alone where there is room."""

import numpy as np
import pytest

from dvs_jax.stabgan.cover_limit import GIVING_WAY, held


def shifted(shifts: np.ndarray) -> list[np.ndarray]:
    return [np.array([[1.0, 0.0, shift], [0.0, 1.0, 0.0]]) for shift in shifts]


def shifts_of(maps: list[np.ndarray], crop: float) -> np.ndarray:
    return np.array([theta[0, 2] for theta in held(maps, crop)])


def test_what_has_room_is_left():
    shifts = np.linspace(-0.2, 0.2, 30)
    np.testing.assert_allclose(shifts_of(shifted(shifts), 0.1), shifts)


@pytest.mark.parametrize("count", [1, 5, 40])
def test_what_the_crop_leaves_never_reaches_beyond_the_frame(count):
    rng = np.random.default_rng(count)
    maps = [np.eye(2, 3) + 0.3 * rng.normal(size=(2, 3)) for _ in range(count)]
    found = np.stack(list(held(maps, 0.1)))
    corners = np.array([[-0.8, -0.8, 0.8, 0.8], [-0.8, 0.8, -0.8, 0.8], [1.0] * 4])
    assert found.shape == (count, 2, 3)
    assert np.abs(found @ corners).max() < 1.0 + 1e-9


def test_frames_around_one_that_has_no_room_give_way_as_well_and_slowly():
    shifts = np.full(61, 0.15)
    shifts[30] = 0.6
    found = shifts_of(shifted(shifts), 0.1)
    assert found[30] == pytest.approx(0.2)
    share = np.delete(found / shifts, 30)
    assert (share[: 30 - 2 * GIVING_WAY] == 1.0).all()
    assert np.abs(np.diff(share)).max() < 2.0 / (2 * GIVING_WAY + 1)


def test_with_no_crop_at_all_frames_stay_as_they_are():
    theta = np.array([[1.05, 0.02, 0.1], [-0.02, 1.05, 0.0]])
    (found,) = held([theta], 0.0)
    np.testing.assert_allclose(found, np.eye(2, 3), atol=1e-5)

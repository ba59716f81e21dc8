import numpy as np
import pytest

from dvs_jax.smoothing import Covered
from dvs_jax.stabilization.pipeline.framing import Shares, views

SHARES = Shares(0.2, (2000, 1000))
MARGIN = 2.0 / 1000


def kept_by(framing, kept, portion=7):
    pose = np.zeros((len(kept), 4))
    path = [
        Covered(pose[start : start + portion], kept[start : start + portion])
        for start in range(0, len(kept), portion)
    ]
    found = list(views(framing, path, np.arange(len(kept)) / 30, SHARES))
    assert len(found) == len(kept)
    return np.array([view.kept for view in found])


@pytest.fixture
def kept() -> np.ndarray:
    """Five calm seconds, a knock, five calm seconds."""
    covered = np.full(300, 0.95)
    covered[148:152] = 0.7
    return covered


def test_fixed_shows_what_the_crop_leaves(kept):
    np.testing.assert_array_equal(kept_by("fixed", kept), 0.6 - MARGIN)


def test_smallest_shows_what_the_worst_frame_covers(kept):
    np.testing.assert_allclose(kept_by("smallest", kept), 0.7 - MARGIN)


@pytest.mark.parametrize("portion", [1, 7, 300])
def test_varying_narrows_before_it_must_and_widens_slowly(kept, portion):
    shown = kept_by("varying", kept, portion)
    assert (shown <= kept - MARGIN + 1e-12).all()
    np.testing.assert_allclose(shown[:100], 0.95 - MARGIN)
    np.testing.assert_allclose(shown[148:152], 0.7 - MARGIN, atol=0.02)
    # No more than a quarter of the change in a tenth of a second.
    assert np.abs(np.diff(shown)).max() < 0.25 * 0.25 / 3
    assert 0.8 < shown[-1] < 0.95 - MARGIN


def test_no_frame_shows_less_than_the_crop_leaves():
    np.testing.assert_allclose(kept_by("varying", np.zeros(90)), 0.6 - MARGIN)

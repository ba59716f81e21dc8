import numpy as np
import pytest

from dvs_jax.methods import Frame
from dvs_jax.stabilization.framing import Shares, framed, led_back
from dvs_jax.warping import coverage, grid

SHARES = Shares(0.2, (2000, 1000))
MARGIN = 2.0 / 1000


def covering(kept) -> Frame:
    """A frame that is zoomed out until it covers just so much of the output."""
    points = grid.output_points(18, 20)
    return Frame((0.5 + (points - 0.5) / kept).astype(np.float32))


def kept_by(framing, kept):
    frames = [covering(each) for each in kept]
    found = list(framed(framing, frames, np.arange(len(kept)) / 30, SHARES))
    assert len(found) == len(kept)
    covered = coverage.kept_share(np.stack([each.frame.source for each in found]))
    shown = np.array([each.kept for each in found])
    assert (shown <= np.asarray(covered) + 1e-6).all()
    return shown


@pytest.fixture
def kept() -> np.ndarray:
    """Five calm seconds, a knock, five calm seconds."""
    covered = np.full(300, 0.95)
    covered[148:152] = 0.7
    return covered


@pytest.mark.slow
def test_fixed_shows_what_the_crop_leaves(kept):
    np.testing.assert_array_equal(kept_by("fixed", kept), 0.6 - MARGIN)


def test_smallest_shows_what_the_worst_frame_covers(kept):
    np.testing.assert_allclose(kept_by("smallest", kept), 0.7 - MARGIN)


def test_varying_narrows_before_it_must_and_widens_slowly(kept):
    shown = kept_by("varying", kept)
    assert (shown <= kept - MARGIN + 1e-6).all()
    np.testing.assert_allclose(shown[:100], 0.95 - MARGIN, rtol=1e-6)
    np.testing.assert_allclose(shown[148:152], 0.7 - MARGIN, atol=0.02)
    # No more than a quarter of the change in a tenth of a second.
    assert np.abs(np.diff(shown)).max() < 0.25 * 0.25 / 3
    assert 0.8 < shown[-1] < 0.95 - MARGIN


def test_no_frame_shows_less_than_the_crop_leaves():
    shown = kept_by("varying", np.full(90, 0.1))
    np.testing.assert_allclose(shown, 0.6 - MARGIN, atol=MARGIN)


def test_what_covers_enough_is_left_as_it_is():
    frames = [covering(0.6)] * 20
    found = list(led_back(frames, np.arange(20) / 30, SHARES))
    assert all(one is other for one, other in zip(found, frames, strict=True))


@pytest.mark.slow
def test_what_leaves_the_crop_is_led_back_slowly_and_covers_it():
    wanted = np.full(120, 0.9)
    wanted[60:64] = 0.4
    frames = [covering(each) for each in wanted]
    found = list(led_back(frames, np.arange(120) / 30, SHARES))
    sources = np.stack([frame.source for frame in found])
    assert np.asarray(coverage.kept_share(sources)).min() >= SHARES.smallest
    # A corner of the output moves by less than a fifth of the way in a frame before the knock.
    corner = sources[:60, 0, 0, 0]
    asked = frames[0].source[0, 0, 0]
    assert np.abs(np.diff(corner)).max() < 0.2 * abs(asked)
    np.testing.assert_array_equal(sources[:40], frames[0].source[None].repeat(40, 0))


def test_numbers_that_are_not_finite_show_the_frame_as_it_is():
    bad = Frame(np.full((18, 20, 2), np.nan, np.float32))
    (found,) = led_back([bad], np.zeros(1), SHARES)
    np.testing.assert_allclose(found.source, grid.output_points(18, 20), atol=1e-7)

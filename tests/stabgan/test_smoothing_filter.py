"""The smoothing filter: a Gaussian inside, lines at the ends, and nothing from beyond the clip."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.stabgan import smoothing_filter
from dvs_jax.stabgan.smoothing_filter import AROUND, deviation

GAUSSIAN = jnp.asarray(smoothing_filter.gaussian()[:, None])


def away(motion: np.ndarray, present: np.ndarray | None = None) -> np.ndarray:
    present = np.ones(len(motion), bool) if present is None else present
    found = deviation(jnp.asarray(motion, jnp.float32)[:, None], jnp.asarray(present), GAUSSIAN)
    return np.asarray(found)[:, 0]


@pytest.mark.slow
def test_training_begins_with_a_gaussian():
    motion = np.random.default_rng(0).normal(size=161)
    weight = np.exp(-0.5 * (np.arange(-AROUND, AROUND + 1) / 15.0) ** 2)
    path = np.cumsum(motion)
    smooth = np.convolve(path, weight / weight.sum(), "valid")
    wanted = path[AROUND:-AROUND] - smooth
    np.testing.assert_allclose(away(motion)[AROUND:-AROUND], wanted, atol=1e-4)


@pytest.mark.slow
def test_a_pan_is_followed_from_the_first_frame_to_the_last():
    np.testing.assert_allclose(away(np.full(100, 0.3)), 0.0, atol=1e-4)


def test_at_the_ends_it_is_the_line_fitted_to_what_is_there():
    motion = np.random.default_rng(1).normal(size=50)
    path, frame = np.cumsum(motion), np.arange(AROUND + 1)
    weight = np.exp(-0.5 * (frame / 15.0) ** 2)
    line = np.polyfit(frame, path[: AROUND + 1], 1, w=np.sqrt(weight))
    assert abs(away(motion)[0] - (path[0] - line[1])) < 1e-4


@pytest.mark.slow
def test_frames_beyond_the_clip_change_nothing():
    motion = np.random.default_rng(2).normal(size=40)
    around = np.concatenate([np.full(9, 7.0), motion, np.full(5, -4.0)])
    present = np.concatenate([np.zeros(9, bool), np.ones(40, bool), np.zeros(5, bool)])
    np.testing.assert_allclose(away(around, present)[9:49], away(motion), atol=1e-5)


@pytest.mark.slow
def test_clips_of_one_frame_and_of_none_are_finite():
    assert not away(np.ones(1)).any()
    nothing = np.zeros(20, bool)
    assert np.isfinite(away(np.ones(20), nothing)).all()
    gradient = jax.grad(lambda log: deviation(jnp.ones((20, 1)), jnp.asarray(nothing), log).sum())
    assert np.isfinite(gradient(GAUSSIAN)).all()

"""The similarity that explains most tracks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.motion import similarity

MOTION = np.array([0.02, -0.013, 0.03, 0.02])
PIXEL = 1.0 / 640.0

fit = jax.jit(similarity.fit)


def tracks(outliers, noise=0.2, count=200, padding=56, seed=1):
    """Points moved by MOTION with a noise in pixels; a share of them moves otherwise, together."""
    random = np.random.default_rng(seed)
    earlier = random.uniform((-0.4, -0.25), (0.4, 0.25), (count, 2))
    z = np.exp(MOTION[3] + 1j * MOTION[2])
    moved = z * (earlier[:, 0] + 1j * earlier[:, 1]) + MOTION[0] + 1j * MOTION[1]
    later = np.stack([moved.real, moved.imag], -1) + random.normal(0, noise * PIXEL, (count, 2))
    later[: round(outliers * count)] += np.array([12.0, 5.0]) * PIXEL
    known = np.arange(count + padding) < count
    return *(
        np.pad(each, ((0, padding), (0, 0))).astype(np.float32) for each in (earlier, later)
    ), known


@pytest.mark.parametrize("outliers", [0.0, 0.2, 0.4])
def test_most_tracks_tell_the_motion(outliers):
    found = fit(*tracks(outliers))
    assert bool(found.explains)
    np.testing.assert_allclose(found.motion[:2], MOTION[:2], atol=0.06 * PIXEL)
    np.testing.assert_allclose(found.motion[2:], MOTION[2:], atol=3e-4)


def test_outliers_and_padding_have_no_weight_and_residuals_are_the_noise():
    found = fit(*tracks(0.3))
    weight = np.asarray(found.weight)
    assert (weight[:60] == 0).all() and (weight[200:] == 0).all()
    assert (weight[60:200] > 0.05).mean() > 0.95
    assert np.asarray(found.left)[60:200].std() == pytest.approx(0.2 * PIXEL, rel=0.15)


@pytest.mark.parametrize("count", [0, 1, 2, 11])
def test_too_few_tracks_tell_nothing(count):
    earlier, later, known = tracks(0.0)
    found = fit(earlier, later, known & (np.arange(len(known)) < count))
    assert not bool(found.explains)
    for each in found[:3]:
        np.testing.assert_array_equal(each, np.zeros_like(each))


def test_motion_that_no_similarity_explains_tells_nothing():
    earlier, _, known = tracks(0.0)
    later = np.random.default_rng(5).uniform(-0.4, 0.4, earlier.shape).astype(np.float32)
    found = fit(earlier, later, known)
    assert not bool(found.explains)
    np.testing.assert_array_equal(found.motion, np.zeros(4))


def test_tracks_in_one_place_tell_nothing_that_is_not_finite():
    earlier = np.zeros((300, 2), np.float32)
    found = fit(earlier, earlier + np.float32(0.01), np.ones(300, bool))
    assert all(np.isfinite(np.asarray(each)).all() for each in found)


@pytest.mark.slow
def test_a_batch_is_the_same_as_one_by_one():
    one, two = tracks(0.1, seed=1), tracks(0.4, seed=2)
    batch = jax.vmap(similarity.fit)(*(jnp.stack(pair) for pair in zip(one, two, strict=True)))
    for index, single in enumerate((one, two)):
        np.testing.assert_allclose(batch.motion[index], fit(*single).motion, atol=1e-6)

"""The robust fit: exact on what agrees, blind for what moves by itself, and differentiable."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.stabgan import robust_fit

PLACE = jnp.asarray(robust_fit.centres(9, 16) * [1.0, 9 / 16], jnp.float32)
MOTION = jnp.asarray([0.01, -0.02, 0.03, -0.015])
ONES = jnp.ones(len(PLACE))
PIXEL = 2.0 / 128.0


def test_a_similaritys_flow_gives_the_similarity():
    found = robust_fit.fit(PLACE, robust_fit.moved(PLACE, MOTION), ONES)
    np.testing.assert_allclose(found, MOTION, atol=1e-6)


def test_the_flow_goes_where_points_are_seen_to_go():
    zoom, turn, right, down = np.asarray(MOTION)
    x, y = np.asarray(PLACE[5])
    wanted = [zoom * x - turn * y + right, zoom * y + turn * x + down]
    np.testing.assert_allclose(robust_fit.moved(PLACE, MOTION)[5], wanted, rtol=1e-5)


@pytest.mark.parametrize("speed", [1.0, 3.0, 10.0])
def test_a_third_of_the_picture_that_moves_by_itself_counts_for_nothing(speed):
    alone = (PLACE[:, :1] > 0.35) * jnp.asarray([[speed * PIXEL, 0.5 * speed * PIXEL]])
    noise = 0.05 * PIXEL * np.random.default_rng(0).normal(size=PLACE.shape)
    flow = robust_fit.moved(PLACE, MOTION) + alone + noise.astype(np.float32)
    left = robust_fit.moved(PLACE, robust_fit.fit(PLACE, flow, ONES) - MOTION)
    assert float(jnp.abs(left).max()) < 0.1 * PIXEL


def test_what_counts_nothing_is_not_read():
    weight = (PLACE[:, 0] < 0.0).astype(jnp.float32)
    flow = jnp.where(weight[:, None] > 0.0, robust_fit.moved(PLACE, MOTION), 0.4)
    np.testing.assert_allclose(robust_fit.fit(PLACE, flow, weight), MOTION, atol=1e-5)


def test_a_picture_that_nothing_is_known_of_has_not_moved():
    assert not robust_fit.fit(PLACE, PLACE, jnp.zeros(len(PLACE))).any()


@pytest.mark.slow
def test_more_trust_in_a_part_moves_the_fit_towards_it():
    flow = robust_fit.moved(PLACE, MOTION) + 0.3 * PIXEL * (PLACE[:, :1] > 0.0)

    def right(weight):
        return robust_fit.fit(PLACE, flow, weight)[2]

    gradient = np.asarray(jax.grad(right)(ONES))
    assert np.isfinite(gradient).all()
    trusted = ONES + 1.0 * (PLACE[:, 0] > 0.0)
    assert right(trusted) > right(ONES)

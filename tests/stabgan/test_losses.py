import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.stabgan import losses

STILL = jnp.broadcast_to(jnp.eye(2, 3), (10, 2, 3))


def shift(x, y):
    """Affine maps that shift by so much, frame by frame."""
    return STILL.at[:, 0, 2].set(x).at[:, 1, 2].set(y)


@pytest.mark.slow
def test_cancelled_shake_is_smooth_though_the_maps_are_not():
    shake = jnp.asarray(np.random.default_rng(0).normal(scale=0.05, size=(2, 10)), jnp.float32)
    # The input's content moves by the shake; the output looks it up there.
    theta = shift(*shake)
    motion = shift(*jnp.diff(shake, axis=1, prepend=0.0))
    assert float(losses.unsmooth_motion(theta, motion, (200, 100))) < 1e-6
    assert float(losses.unsmooth_maps(theta)) > 1e-3
    left = float(losses.unsmooth_motion(STILL, motion, (200, 100)))
    change = np.diff(np.diff(np.asarray(shake)), axis=1) * [[100], [50]]
    assert left == pytest.approx((change**2).sum(0).mean(), rel=1e-4)


@pytest.mark.slow
def test_a_turned_motion_is_composed_exactly():
    rng = np.random.default_rng(1)
    theta, motion = (np.eye(2, 3) + rng.normal(scale=0.1, size=(3, 2, 3)) for _ in range(2))
    full = [[np.vstack([each, [0, 0, 1]]) for each in maps] for maps in (theta, motion)]
    seen = [np.linalg.inv(full[0][t]) @ full[1][t] @ full[0][t - 1] for t in (1, 2)]
    corners = np.array([[-1, -1, 1], [1, -1, 1], [-1, 1, 1], [1, 1, 1]])
    change = ((seen[1] - seen[0]) @ corners.T)[:2] * [[32], [18]]
    found = losses.unsmooth_motion(
        jnp.asarray(theta, jnp.float32), jnp.asarray(motion, jnp.float32), (64, 36)
    )
    assert float(found) == pytest.approx((change**2).sum(0).mean(), rel=1e-4)


@pytest.mark.slow
def test_corners_are_measured_in_pixels_with_finite_gradients():
    wanted = shift(6.0 / 64, -8.0 / 36)
    assert float(losses.corner_distance(STILL, wanted, (64, 36))) == pytest.approx(5.0, rel=1e-5)
    gradient = jax.grad(losses.corner_distance)(STILL, STILL, (64, 36))
    assert (gradient == 0.0).all()


def test_only_what_is_inside_counts():
    fake, real = jnp.zeros((2, 3, 4, 3)), jnp.full((2, 3, 4, 3), 0.5)
    inside = jnp.zeros((2, 3, 4)).at[:, :, :2].set(1.0)
    real = real.at[:, :, 2:].set(1.0)
    assert float(losses.pixel_difference_inside(fake, real, inside)) == 0.5
    assert float(losses.pixel_difference_inside(fake, real, 0 * inside)) == 0.0
    assert float(losses.uncovered(inside)) == 0.5


def test_adversarial_losses():
    logit = jnp.asarray([-300.0, 0.0, 300.0])
    # The logarithm of a score of 0 is taken for -100, as officially, without a NaN gradient.
    assert float(losses.cross_entropy(logit, 1.0)) == pytest.approx((100 + np.log(2)) / 3)
    assert np.isfinite(jax.grad(losses.cross_entropy)(logit, 1.0)).all()
    assert float(losses.fooling(jnp.zeros(3))) == pytest.approx(np.log(2))
    assert float(losses.telling_apart(jnp.full(3, 9.0), jnp.full(3, -9.0))) < 1e-3


def test_the_gradient_penalty_of_a_linear_discriminator():
    weight = jnp.asarray(np.random.default_rng(2).normal(size=(2, 3, 4, 3)), jnp.float32)

    def discriminate(clip):
        return jnp.stack([(clip * weight).sum(), 3.0 * (clip * weight).sum()])

    found = losses.gradient_penalty(discriminate, jnp.ones_like(weight))
    assert float(found) == pytest.approx(0.5 * 4.0 * float((weight**2).sum()), rel=1e-5)

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.synthetic.paired import Camera, draw_camera, exposed

PERFECT = Camera(*jnp.zeros(5))
KEY = jax.random.key(0)
IMPULSE = jnp.zeros((21, 25)).at[10, 12].set(1.0)


def moments(picture: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the sum, and the mean and covariance of (x, y) about the impulse."""
    rows, columns = np.mgrid[:21, :25]
    place = np.stack([columns - 12, rows - 10]).reshape(2, -1)
    weight = np.asarray(picture, np.float64).ravel()
    mean = place @ weight / weight.sum()
    return weight.sum(), mean, np.cov(place, aweights=weight, bias=True)


@pytest.mark.slow
def test_a_perfect_camera_records_what_is_there():
    picture = jax.random.uniform(KEY, (21, 25))
    recorded = exposed(KEY, PERFECT, picture, jnp.asarray([5.0, 3.0]))
    np.testing.assert_allclose(recorded, picture, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("movement", [(6.0, 0.0), (0.0, -6.0), (4.0, 4.0)])
def test_blur_lies_evenly_along_the_movement(movement):
    camera = PERFECT._replace(exposure=jnp.asarray(1.0))
    total, mean, spread = moments(exposed(KEY, camera, IMPULSE, jnp.asarray(movement)))
    assert total == pytest.approx(1.0, abs=1e-5)
    np.testing.assert_allclose(mean, 0.0, atol=1e-5)
    # Eight even positions, each spread a little by bilinear interpolation.
    expected = np.outer(movement, movement) * (1 - 1 / 64) / 12
    np.testing.assert_allclose(spread, expected, atol=0.2)
    assert spread[0, 1] == pytest.approx(expected[0, 1], abs=1e-4)


def test_half_the_exposure_blurs_half_as_far():
    half = PERFECT._replace(exposure=jnp.asarray(0.5))
    whole = PERFECT._replace(exposure=jnp.asarray(1.0))
    np.testing.assert_allclose(
        exposed(KEY, half, IMPULSE, jnp.asarray([6.0, 2.0])),
        exposed(KEY, whole, IMPULSE, jnp.asarray([3.0, 1.0])),
        atol=1e-6,
    )


def test_a_blur_that_is_too_long_is_shortened():
    camera = PERFECT._replace(exposure=jnp.asarray(1.0))
    longest = exposed(KEY, camera, IMPULSE, jnp.asarray([8.0, 0.0]))
    np.testing.assert_allclose(
        exposed(KEY, camera, IMPULSE, jnp.asarray([80.0, 0.0])), longest, atol=1e-6
    )


def test_colours_are_blurred_alike():
    camera = PERFECT._replace(exposure=jnp.asarray(1.0))
    movement = jnp.asarray([5.0, -2.0])
    colour = exposed(KEY, camera, jnp.stack([IMPULSE, 0.5 * IMPULSE], axis=-1), movement)
    grey = exposed(KEY, camera, IMPULSE, movement)
    np.testing.assert_allclose(colour, jnp.stack([grey, 0.5 * grey], axis=-1), atol=1e-6)


def test_noise_is_as_strong_as_the_camera_says():
    camera = PERFECT._replace(read_noise=jnp.asarray(0.03), shot_noise=jnp.asarray(0.04))
    grey = jnp.full((200, 200), 0.5)
    noise = np.asarray(exposed(KEY, camera, grey, jnp.zeros(2)) - grey)
    assert noise.mean() == pytest.approx(0.0, abs=5e-4)
    assert noise.std() == pytest.approx(np.sqrt(0.03**2 + 0.5 * 0.04**2), rel=0.02)


@pytest.mark.slow
def test_frames_flicker_as_a_whole():
    camera = PERFECT._replace(flicker=jnp.asarray(0.05))
    grey = jnp.full((4, 4), 0.5)
    frames = jax.vmap(lambda key: exposed(key, camera, grey, jnp.zeros(2)))(
        jax.random.split(KEY, 400)
    )
    np.testing.assert_allclose(np.ptp(np.asarray(frames), axis=(1, 2)), 0.0, atol=1e-6)
    assert np.log(frames[:, 0, 0] / 0.5).std() == pytest.approx(0.05, rel=0.1)


def test_half_of_the_cameras_have_a_rolling_shutter():
    cameras = jax.vmap(draw_camera)(jax.random.split(KEY, 200))
    assert 0.4 < (cameras.readout > 0).mean() < 0.6
    assert cameras.exposure.min() >= 0.0 and cameras.exposure.max() <= 0.7

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.synthetic.paired import shaky_path
from dvs_jax.synthetic.paired.path import ShakyPath

FRAMES = 90

short_paths = jax.jit(jax.vmap(lambda key, rate: shaky_path(key, FRAMES, rate), (0, None)))
long_paths = jax.jit(jax.vmap(lambda key, rate: shaky_path(key, 1024, rate), (0, None)))


@pytest.fixture(scope="module")
def paths() -> ShakyPath:
    return short_paths(jax.random.split(jax.random.key(1), 300), 30.0)


def shake(paths: ShakyPath) -> np.ndarray:
    return np.asarray(paths.pose - paths.intended)


def test_shapes_and_times(paths):
    assert paths.pose.shape == paths.intended.shape == paths.velocity.shape == (300, FRAMES, 6)
    assert paths.centre.shape == (300, FRAMES, 3)
    np.testing.assert_allclose(paths.time_s[0], np.arange(FRAMES) / 30.0, rtol=1e-6)
    assert all(np.isfinite(each).all() for each in paths)


def test_shakes_are_as_large_as_real_ones(paths):
    size = np.sqrt((shake(paths)[..., :2] ** 2).mean(axis=(1, 2)))
    assert 0.04 < (size < 0.1).mean() < 0.25
    assert 0.3 < np.median(size) < 3.0
    assert 8.0 < size.max() < 40.0
    assert 0.0005 < np.abs(shake(paths)[..., 2]).mean() < 0.01


@pytest.mark.slow
def test_shake_lies_between_half_a_hertz_and_twelve():
    paths = long_paths(jax.random.split(jax.random.key(2), 20), 60.0)
    moved = shake(paths)[..., 0] * np.hanning(1024)
    power = (np.abs(np.fft.rfft(moved, axis=1)) ** 2).sum(axis=0)
    hertz = np.fft.rfftfreq(1024, 1 / 60)
    within = (hertz > 0.35) & (hertz < 12.5)
    assert power[within].sum() / power.sum() > 0.97


@pytest.mark.slow
def test_velocity_is_the_slope_of_the_pose():
    paths = long_paths(jax.random.split(jax.random.key(3), 20), 500.0)
    slope = np.gradient(np.asarray(paths.pose, np.float64), 1 / 500, axis=1)[:, 5:-5]
    largest = np.abs(slope).max(axis=1, keepdims=True)
    # Single precision has an end when differences are taken; a knock begins with a bend.
    close = np.abs(slope - paths.velocity[:, 5:-5]) < 0.02 * largest + 0.1
    assert close.mean() > 0.99


def test_tilts_go_with_the_shake_and_not_with_the_pan(paths):
    np.testing.assert_array_equal(paths.intended[..., 4:], 0.0)
    tilt, moved = shake(paths)[..., 4:], shake(paths)[..., :2]
    focal = np.sqrt(-320.0 * moved[:, 10] / tilt[:, 10])
    assert focal.min() > 390 and focal.max() < 1210


def test_what_is_intended_pans_stops_and_zooms(paths):
    speed = np.abs(np.diff(np.asarray(paths.intended[..., 0]), axis=1)) * 30.0
    assert (speed.max(axis=1) > 100.0).mean() > 0.1
    assert (speed < 10.0).mean() > 0.3
    zoomed = np.ptp(np.asarray(paths.intended[..., 3]), axis=1) > 0.1
    assert 0.05 < zoomed.mean() < 0.5


def test_equal_keys_draw_equal_paths_and_others_do_not(paths):
    again = short_paths(jax.random.split(jax.random.key(1), 300), 30.0)
    np.testing.assert_array_equal(paths.pose, again.pose)
    assert (np.abs(np.diff(np.asarray(paths.pose[:, 10]), axis=0)).max(axis=1) > 0.01).all()


def test_time_goes_by_the_frame_rate():
    paths = short_paths(jax.random.split(jax.random.key(1), 300), jnp.asarray(25.0))
    np.testing.assert_allclose(paths.time_s[:, -1], (FRAMES - 1) / 25, rtol=1e-6)

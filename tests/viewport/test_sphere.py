"""Directions against worked values and recorded numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax import quaternion
from dvs_jax.viewport import sphere

HALF = np.sqrt(0.5)


@pytest.fixture(scope="module")
def recorded(golden):
    return np.load(golden / "viewport/geometry.npz")


@pytest.mark.parametrize(
    ("rotation", "direction", "column", "row"),
    [
        ((0, 0, 0, 1), (-1, 0, 0), 223.5, 111.5),
        ((0, HALF, 0, HALF), (0, -1, 0), 335.5, 111.5),
        ((HALF, 0, 0, HALF), (0, 0, -1), None, 223.5),
        ((-0.17, 0.11, -0.05, -0.98), (-0.9183, 0.1978, -0.3429), 208.371, 136.453),
    ],
)
def test_worked_values(rotation, direction, column, row):
    found = sphere.from_unity_rotation(quaternion.normalize(np.array(rotation, float)))
    np.testing.assert_allclose(found, direction, atol=5e-5)
    at = sphere.to_pixel(found, 448, 224)
    assert at[0] == pytest.approx(row, abs=1e-3)
    assert column is None or at[1] == pytest.approx(column, abs=1e-3)


def test_logged_rotations_point_where_recorded(recorded):
    rotation = quaternion.normalize(recorded["quaternion"])
    found = sphere.from_unity_rotation(rotation)
    np.testing.assert_allclose(found, recorded["direction"], atol=1e-12)
    author = sphere.from_unity_rotation(rotation, forward=0.75)
    np.testing.assert_allclose(author, recorded["forward_author_p"], atol=1e-12)
    yaw, pitch = (np.degrees(each) for each in sphere.to_yaw_pitch(found))
    steep = np.abs(recorded["pitch_up_deg"]) > 89.99
    np.testing.assert_allclose(pitch, recorded["pitch_up_deg"], atol=1e-6)
    gap = (yaw - recorded["yaw_right_deg"] + 180.0) % 360.0 - 180.0
    np.testing.assert_allclose(gap[~steep], 0.0, atol=1e-9)
    again = sphere.from_yaw_pitch(np.radians(yaw), np.radians(pitch))
    np.testing.assert_allclose(again, found, atol=1e-12)
    column, row = recorded["column_448_row_224"].T
    at = sphere.to_pixel(found, 448, 224)
    np.testing.assert_allclose(at[0], row, atol=1e-6)
    np.testing.assert_allclose(at[1][~steep], column[~steep], atol=1e-9)


def test_unitys_pitch_is_positive_down(recorded):
    down = np.radians(recorded["logged_euler_pitch_deg"])
    yaw = np.radians(recorded["yaw_right_deg"])
    found = sphere.from_unity_rotation(sphere.unity_rotation(yaw, down, 0.3 * np.ones_like(yaw)))
    np.testing.assert_allclose(found, recorded["direction"], atol=1e-8)


def test_distances_and_their_gradients(recorded):
    a, b = recorded["pair_a"], recorded["pair_b"]
    np.testing.assert_allclose(sphere.distance(a, b), recorded["distance_rad"], atol=1e-12)
    with jax.enable_x64(True):
        gradient = np.asarray(jax.vmap(jax.grad(sphere.distance))(jnp.asarray(a), jnp.asarray(b)))
    scale = np.maximum(1.0, np.abs(recorded["distance_grad_a"]))
    np.testing.assert_allclose(gradient / scale, recorded["distance_grad_a"] / scale, atol=1e-7)


def test_single_precision_resolves_a_millionth_of_a_radian():
    a = jnp.array([1.0, 0.0, 0.0], jnp.float32)
    b = jnp.array([1.0, 1e-6, 0.0], jnp.float32)
    assert float(sphere.distance(a, b)) == pytest.approx(1e-6, rel=1e-5)
    assert np.isfinite(jax.grad(sphere.distance)(a, a)).all()


def test_azimuths_against_the_benchmarks(recorded):
    theta, phi = sphere.to_angles(recorded["pair_a"])
    expected = recorded["benchmark_theta_phi"]
    gap = (theta - expected[:, 0] + np.pi) % (2 * np.pi) - np.pi
    np.testing.assert_allclose(gap, 0.0, atol=1e-9)
    np.testing.assert_allclose(phi, expected[:, 1], atol=1e-7)


def test_interpolation_follows_the_great_circle(recorded):
    a, b = (sphere.normalize(recorded[name]) for name in ("pair_a", "pair_b"))
    found = sphere.slerp(a, b, recorded["slerp_t"])
    # Row 2 is opposite: any great circle will do. Row 6 is nearly so: what is recorded was drawn
    # linearly and then normalised, so that it jumps from the one to the other.
    usable = ~np.isin(np.arange(len(a)), (2, 6))
    np.testing.assert_allclose(found[usable], recorded["slerp"][usable], atol=1e-12)
    part = sphere.distance(a[6], found[6]) / sphere.distance(a[6], b[6])
    assert part == pytest.approx(recorded["slerp_t"][6], abs=1e-9)


def test_pixels_and_directions_are_inverse():
    row, column = sphere.to_pixel(sphere.pixel_directions(6, 12), 12, 6)
    np.testing.assert_allclose(row, np.broadcast_to(np.arange(6)[:, None], (6, 12)), atol=1e-12)
    np.testing.assert_allclose(column, np.broadcast_to(np.arange(12), (6, 12)), atol=1e-12)


def test_turning_adds_to_the_azimuth():
    before = sphere.from_angles(np.array(6.0), np.array(1.0))
    after = sphere.from_angles(np.array(6.5), np.array(1.0))
    np.testing.assert_allclose(sphere.turned(before, 0.5), after, atol=1e-12)

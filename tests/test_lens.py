"""Lens distortion: against OpenCV, both ways, and its gradients."""

import cv2
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from dvs_jax import lens as lenses
from dvs_jax.lens import Lens

FISHEYE = Lens("fisheye", (0.045, 0.012, -0.006, 0.0007))
FOLDING = Lens("fisheye", (-0.2, 0.01, -0.03, 0.0))
BROWN = Lens("brown", (-0.24, 0.07, 0.002, -0.003, -0.008))
LENSES = {"fisheye": FISHEYE, "folding": FOLDING, "brown": BROWN}


def directions(widest_deg):
    """Directions over a cone, the axis first."""
    angle, turn = np.meshgrid(np.radians(np.linspace(0, widest_deg, 15)), np.linspace(0, 6, 17))
    side = np.sin(angle)
    found = np.stack([side * np.cos(turn), side * np.sin(turn), np.cos(angle)], axis=-1)
    return found.reshape(-1, 3)


def test_points_are_opencvs():
    away = directions(70.0)
    flat = (away / away[:, 2:]).reshape(-1, 1, 3)
    still, K = np.zeros(3), np.eye(3)
    expected, _ = cv2.fisheye.projectPoints(flat, still, still, K, np.array(FISHEYE.coefficients))
    np.testing.assert_allclose(lenses.project(FISHEYE, away), expected[:, 0], atol=1e-12)
    near = directions(45.0)
    expected, _ = cv2.projectPoints(near, still, still, K, np.array(BROWN.coefficients))
    np.testing.assert_allclose(lenses.project(BROWN, near), expected[:, 0], atol=1e-12)


@pytest.mark.parametrize(("name", "widest"), [("fisheye", 170), ("folding", 170), ("brown", 60)])
@pytest.mark.parametrize("correction", [0.0, 0.4])
def test_directions_come_back(name, widest, correction):
    lens = Lens(LENSES[name].model, LENSES[name].coefficients, correction)
    away = directions(widest)
    for there, back in (
        (lenses.project, lenses.unproject),
        (lenses.project_output, lenses.unproject_output),
    ):
        found = back(lens, there(lens, away))
        found /= np.linalg.norm(found, axis=-1, keepdims=True)
        np.testing.assert_allclose(found, away, atol=1e-9)


@pytest.mark.parametrize(("name", "widest"), [("fisheye", 179), ("folding", 179), ("brown", 85)])
def test_farther_from_the_axis_lies_farther_out(name, widest):
    radius = np.linalg.norm(lenses.project(LENSES[name], directions(widest)), axis=-1)
    assert (np.diff(radius.reshape(17, 15), axis=1) >= 0.0).all()
    assert np.isfinite(radius).all()


@pytest.mark.parametrize("name", LENSES)
def test_corrected_wholly_the_output_is_rectilinear(name):
    lens = Lens(LENSES[name].model, LENSES[name].coefficients, 1.0)
    point = np.random.default_rng(0).uniform(-1.0, 1.0, (50, 2))
    away = lenses.unproject_output(lens, point)
    np.testing.assert_allclose(away[:, :2] / away[:, 2:], point, atol=1e-12)
    np.testing.assert_allclose(lenses.project_output(lens, away), point, atol=1e-9)


def test_uncorrected_the_output_is_the_lenss():
    away = directions(80.0)
    for lens in LENSES.values():
        shown = lenses.project_output(lens, away)
        np.testing.assert_allclose(shown, lenses.project(lens, away), atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("name", LENSES)
@pytest.mark.parametrize("function", [lenses.unproject, lenses.unproject_output])
def test_gradients_are_the_finite_differences(name, function):
    model, weight = LENSES[name].model, jnp.array([0.3, -0.7, 0.5])
    point = jnp.array([[0.0, 0.0], [0.3, -0.2], [-0.5, 0.45]])
    given = (jnp.array(LENSES[name].coefficients), jnp.array(0.3), point)

    @jax.jit
    def total(coefficients, correction, point):
        away = function(Lens(model, tuple(coefficients), correction), point)
        away = away / jnp.linalg.norm(away, axis=-1, keepdims=True)
        return (jnp.sin(3.0 * away) * weight[None]).sum()

    with jax.enable_x64(True):
        given = jax.tree.map(lambda each: jnp.asarray(np.asarray(each), jnp.float64), given)
        weight = jnp.asarray(np.array([0.3, -0.7, 0.5]))
        check_grads(total, given, order=1, modes=["rev"], eps=1e-6, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", LENSES)
def test_the_device_gets_the_hosts_numbers(name):
    point = np.random.default_rng(1).uniform(-0.6, 0.6, (4, 9, 2))
    host = lenses.unproject(LENSES[name], point)
    device = jax.jit(lenses.unproject)(LENSES[name], jnp.asarray(point, jnp.float32))
    assert device.dtype == jnp.float32
    np.testing.assert_allclose(device, host, atol=2e-6)
    back = jax.jit(lenses.project)(LENSES[name], device)
    np.testing.assert_allclose(back, point, atol=2e-6)

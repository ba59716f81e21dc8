"""Measures of maps: the truth is off by nothing, and what is fast in the output's path is shake."""

import numpy as np
import pytest

from dvs_jax.stabgan import classical, steadiness
from dvs_jax.stabgan.steadiness import Scene

SIZE, RATE, FRAMES = (128, 72), 30.0, 120


def shifted(x: np.ndarray) -> np.ndarray:
    """Maps that shift by x pixels of a picture 640 wide."""
    maps = np.tile(np.eye(2, 3), (len(x), 1, 1))
    maps[:, 0, 2] = x / 320.0
    return maps


def shaking(hz: float, size: float) -> tuple[np.ndarray, Scene]:
    """A camera that shakes about its place, whose content moves by x."""
    x = size * np.sin(2.0 * np.pi * hz * np.arange(FRAMES) / RATE)
    return x, Scene(shifted(x), shifted(np.diff(x, prepend=x[:1])))


def test_the_true_maps_leave_nothing():
    x, scene = shaking(5.0, 4.0)
    found = steadiness.measures([shifted(x)], [scene], SIZE, RATE)
    assert found["error"] == found["kept"] == 0.0
    assert found["shake"] < 1e-6


def test_half_of_the_correction_leaves_half():
    x, scene = shaking(5.0, 4.0)
    found = steadiness.measures([shifted(0.5 * x)], [scene], SIZE, RATE)
    assert found["kept"] == pytest.approx(0.5)
    assert found["shake"] == pytest.approx(0.5)
    assert found["error"] == pytest.approx(2.0 * np.sqrt(0.5), rel=1e-2)


def test_slow_movement_that_is_added_is_no_shake():
    x, scene = shaking(5.0, 4.0)
    slow = 30.0 * np.sin(2.0 * np.pi * 0.25 * np.arange(FRAMES) / RATE)
    found = steadiness.measures([shifted(x + slow)], [scene], SIZE, RATE)
    assert found["shake"] < 0.05
    assert found["kept"] > 1.0


def test_the_outputs_path_is_what_the_maps_leave_of_the_inputs():
    x, scene = shaking(3.0, 4.0)
    filmed = steadiness.path(shifted(np.zeros(FRAMES)), scene.motion, SIZE)
    np.testing.assert_allclose(filmed[:, 0], np.tile(x[:, None] - x[0], 4), atol=1e-9)
    made = steadiness.path(shifted(0.75 * x), scene.motion, SIZE)
    np.testing.assert_allclose(made, 0.25 * filmed, atol=1e-9)


def test_the_classical_method_takes_a_pure_shake_out():
    x, scene = shaking(5.0, 4.0)
    flow = np.zeros((FRAMES, 72, 128, 2), np.float32)
    flow[..., 0] = np.diff(x, prepend=x[:1])[:, None, None] / 5.0
    found = steadiness.measures([classical.maps(flow, RATE)], [scene], SIZE, RATE)
    assert found["shake"] < 0.05
    # At the clip's ends a Gaussian has neighbours on one side only.
    assert found["kept"] < 0.2


def turning(angle: float) -> np.ndarray:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin], [sin, cos]])


def test_the_classical_method_turns_about_the_centre():
    angle = 0.05 * np.sin(2.0 * np.pi * 5.0 * np.arange(FRAMES) / RATE)
    aspect = np.array([[1.0, 9 / 16], [16 / 9, 1.0]])
    place = np.stack(np.meshgrid(np.arange(128) - 63.5, np.arange(72) - 35.5), axis=-1)
    flow = np.zeros((FRAMES, 72, 128, 2), np.float32)
    motion, wanted = (np.tile(np.eye(2, 3), (FRAMES, 1, 1)) for _ in range(2))
    for number, turn in enumerate(np.diff(angle), 1):
        flow[number] = place @ (turning(turn) - np.eye(2)).T
        motion[number, :, :2] = turning(turn) * aspect
        wanted[number, :, :2] = turning(angle[number]) * aspect
    made = classical.maps(flow, RATE)
    found = steadiness.measures([made], [Scene(wanted, motion)], SIZE, RATE)
    assert found["shake"] < 0.05
    assert found["kept"] < 0.2

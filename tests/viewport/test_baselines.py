"""Baselines against recorded numbers and motions that they predict exactly."""

import numpy as np
import pytest

from dvs_jax.viewport import baselines, sphere


@pytest.mark.parametrize(
    ("predict", "name"),
    [(baselines.constant, "constant"), (baselines.damped, "damped_tau3")],
)
def test_they_go_on_as_recorded(golden, predict, name):
    recorded = np.load(golden / "viewport/geometry.npz")
    past = np.stack([recorded["baseline_before"], recorded["baseline_now"]], axis=1)
    np.testing.assert_allclose(predict(past, 25), recorded[f"baseline_{name}"], atol=1e-12)


def test_a_viewer_who_keeps_still_is_predicted_exactly():
    past = np.broadcast_to(sphere.from_angles(np.array(1.0), np.array(2.0)), (15, 3))
    for predict in (baselines.no_motion, baselines.constant, baselines.damped):
        np.testing.assert_array_equal(predict(past, 25), np.broadcast_to(past[0], (25, 3)))


@pytest.mark.parametrize("axis", [(0.0, 0.0, 1.0), (1.0, 0.3, 0.1)], ids=["seam", "poles"])
def test_a_constant_rotation_goes_on_over_seam_and_poles(axis):
    start = sphere.normalize(np.cross(axis, [0.3, 1.0, 0.2]))
    heading = np.cross(sphere.normalize(np.array(axis)), start)
    angle = np.radians(9.0) * np.arange(40)
    path = sphere.along(start, np.broadcast_to(heading, (40, 3)), angle)
    found = baselines.constant(path[:15], 25)
    assert sphere.distance(found, path[15:]).max() < 1e-5


def test_the_nearest_of_the_highest_peaks_is_taken():
    maps = np.zeros((1, 1, 8, 16))
    maps[0, 0, 3, 15], maps[0, 0, 4, 8], maps[0, 0, 2, 2] = 1.0, 0.9, 0.8
    past = sphere.pixel_directions(8, 16)[None, [4], [7]]
    directions = sphere.pixel_directions(8, 16)
    found = [baselines.salient(past, maps, peaks)[0, 0] for peaks in (1, 2)]
    np.testing.assert_allclose(found, [directions[3, 15], directions[4, 8]])


def test_the_crowd_looks_where_most_do():
    here, there = sphere.pixel_directions(32, 64)[[16, 10], [5, 40]]
    others = np.stack([here, here, there])[:, None]
    np.testing.assert_allclose(baselines.crowd(others), here[None])

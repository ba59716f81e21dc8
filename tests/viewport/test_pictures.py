"""Lines on equirectangular pictures."""

import numpy as np

from dvs_jax.viewport import pictures, saliency_points, sphere


def test_a_line_over_the_seam_is_broken_there():
    yaw = np.radians([170.0, 178.0, -174.0, -166.0])
    line = pictures.at_seam(sphere.from_yaw_pitch(yaw, np.radians([0.0, 0.0, 9.0, 9.0])), 360, 180)
    column, row = line.T
    np.testing.assert_allclose(column, [349.5, 357.5, 359.5, np.nan, -0.5, 5.5, 13.5], atol=1e-9)
    # At a quarter of the way from 178° to 186° of a climb by 9°.
    np.testing.assert_allclose(row[[2, 4]], 89.5 - 9.0 / 4.0, atol=1e-9)


def test_a_line_that_stays_within_is_not():
    yaw = np.radians([-20.0, 0.0, 40.0])
    line = pictures.at_seam(sphere.from_yaw_pitch(yaw, 0.0 * yaw), 360, 180)
    np.testing.assert_allclose(line, [[159.5, 89.5], [179.5, 89.5], [219.5, 89.5]], atol=1e-9)


def test_the_rim_is_half_a_field_of_view_away():
    for direction in ([0.0, 0.6, 0.8], [0.0, 0.0, 1.0]):
        around = pictures.rim(np.array(direction))
        np.testing.assert_allclose(
            np.degrees(sphere.distance(around, np.array(direction))), 50.0, atol=1e-9
        )


def test_points_glow_where_they_are():
    points = np.array([[0.0, 1.0, 0.0, 1.0], [-1.0, 0.0, 0.0, 0.5]])
    glow = saliency_points.glow(points)
    # Azimuths 90° and 180° of 128 columns.
    assert np.unravel_index(glow.argmax(), glow.shape)[1] in (31, 32)
    assert 0.2 < glow[32, 64] < 0.3 and glow[32, 100] < 1e-3

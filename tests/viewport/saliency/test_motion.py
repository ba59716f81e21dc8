"""The saliency that needs no network finds what moves and what stands out."""

import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.viewport import sphere
from dvs_jax.viewport.saliency import motion
from dvs_jax.viewport.saliency.blur import blur


def frame(direction=None, height=128, width=256):
    """A grey picture, with a bright disc of 8°."""
    picture = np.full((height, width, 3), 90, np.uint8)
    if direction is not None:
        places = sphere.pixel_directions(height, width)
        picture[sphere.distance(places, direction) < np.radians(8.0)] = 200
    return picture


def peak(found):
    return sphere.pixel_directions(*found.shape)[np.unravel_index(found.argmax(), found.shape)]


@pytest.mark.parametrize("azimuth", [0.0, 0.5, 3.0, 6.2])
@pytest.mark.parametrize("latitude", [0.0, 50.0])
def test_what_stands_out_is_found_over_the_seam_and_up_high(azimuth, latitude):
    place = sphere.from_angles(np.array(azimuth), np.array(np.pi / 2 - np.radians(latitude)))
    (found,) = motion.maps([frame(place)], np.zeros(1))
    assert found.shape == (64, 128) and found.dtype == np.float32
    assert (found.min(), found.max()) == pytest.approx((0.0, 1.0), abs=1e-6)
    assert np.degrees(sphere.distance(peak(found), place)) < 8.0


def test_what_appears_beats_what_was_there():
    old, new = (sphere.from_angles(np.array(a), np.array(np.pi / 2)) for a in (1.0, 4.0))
    before = frame(old)
    after = np.maximum(before, frame(new))
    first, second = motion.maps([before, after], np.array([0.0, 0.2]))
    assert np.degrees(sphere.distance(peak(first), old)) < 8.0
    assert np.degrees(sphere.distance(peak(second), new)) < 8.0


def test_a_flat_picture_has_no_saliency():
    for found in motion.maps([frame(), frame()], np.array([0.0, 0.2])):
        np.testing.assert_array_equal(found, 0.0)


def test_blurring_keeps_a_constant_and_turns_with_the_map():
    flat = np.full((16, 32), 0.7, np.float32)
    np.testing.assert_allclose(blur(jnp.asarray(flat), 10.0), flat, atol=1e-6)
    drawn = np.random.default_rng(0).random((16, 32), np.float32)
    turned = blur(jnp.asarray(np.roll(drawn, 5, axis=1)), 10.0)
    np.testing.assert_allclose(
        turned, np.roll(blur(jnp.asarray(drawn), 10.0), 5, axis=1), atol=1e-6
    )

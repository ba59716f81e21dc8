"""Corners, spread and tracked."""

import cv2
import numpy as np
import pytest

from dvs_jax.motion import tracking
from dvs_jax.motion.corners import corners
from dvs_jax.motion.tracking import tracks_between


def texture(size=(400, 225), seed=0):
    noise = np.random.default_rng(seed).uniform(0, 255, size[::-1]).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.5)
    return cv2.normalize(smooth, None, 20, 235, cv2.NORM_MINMAX).astype(np.uint8)


def shifted(image, x, y):
    matrix = np.float32([[1, 0, x], [0, 1, y]])
    return cv2.warpAffine(image, matrix, image.shape[::-1], flags=cv2.INTER_CUBIC, borderMode=2)


@pytest.mark.parametrize("x, y", [(0.0, 0.0), (0.4, -0.7), (6.3, 4.1), (-14.0, 9.5)])
def test_a_shift_is_found_to_a_tenth_of_a_pixel(x, y):
    image = texture()
    tracks = tracks_between(image, shifted(image, x, y))
    assert tracks.known.sum() > 120
    moved = (tracks.later - tracks.earlier)[tracks.known] * (400, 225)
    np.testing.assert_allclose(np.median(moved, axis=0), (x, y), atol=0.05)


@pytest.mark.parametrize(
    "brightness",
    [
        lambda level: 1.05 * level,
        lambda level: 0.4 * level,
        lambda level: 255.0 * (level / 255.0) ** 0.6,
        lambda level: 1.3 * level + 40.0,
    ],
    ids=["a cloud passes", "dark", "gamma", "flash"],
)
def test_a_shift_is_found_though_the_brightness_changes(brightness):
    image = texture()
    level = brightness(shifted(image, 6.3, 4.1).astype(np.float32))
    tracks = tracks_between(image, np.clip(np.rint(level), 0, 255).astype(np.uint8))
    assert tracks.known.sum() > 120
    moved = (tracks.later - tracks.earlier)[tracks.known] * (400, 225)
    np.testing.assert_allclose(np.median(moved, axis=0), (6.3, 4.1), atol=0.05)


@pytest.mark.parametrize("gain", [1.0, 0.8])
def test_what_enters_the_picture_is_not_taken_for_light(gain):
    # A bright lorry, at a third of the picture.
    image = texture() // 2
    later = shifted(image, 0.4, -0.7)
    image[:, :60], later[:, :130] = 250, 250
    tracks = tracks_between(image, np.rint(gain * later).astype(np.uint8))
    free = tracks.known & (tracks.earlier[:, 0] > 0.4)
    assert free.sum() > 70
    moved = (tracks.later - tracks.earlier)[free] * (400, 225)
    np.testing.assert_allclose(moved.mean(axis=0), (0.4, -0.7), atol=0.06)


def test_corners_are_spread_over_the_picture():
    image = texture()
    found = corners(image, per_cell=3)
    cell = (found[:, 0] * 12 // 400) + 12 * (found[:, 1] * 8 // 225)
    counts = np.bincount(cell.astype(int), minlength=96)
    assert counts.max() <= 3 and (counts > 0).mean() > 0.7


def test_an_upright_picture_has_as_many_corners():
    assert len(corners(texture((225, 400)), 3)) == pytest.approx(
        len(corners(texture(), 3)), rel=0.15
    )


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_picture_has_no_tracks(level):
    blank = np.full((225, 400), level, np.uint8)
    assert not tracks_between(blank, texture()).known.any()
    assert len(corners(blank, 3)) == 0


def test_nothing_is_found_again_in_another_picture():
    # Chance matches are left; that they agree on no motion is for the fit to see.
    found = tracks_between(texture(seed=1), texture(seed=2)).known.sum()
    assert found < 0.2 * tracking.COUNT


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (7, 400), (400, 7)])
def test_tiny_pictures_are_no_error(size):
    image = np.zeros(size[::-1], np.uint8)
    assert not tracks_between(image, image).known.any()

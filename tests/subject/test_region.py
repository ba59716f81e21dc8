"""Regions, and what is seen in them."""

import jax.numpy as jnp
import numpy as np

from dvs_jax.subject import region
from dvs_jax.subject.region import Region


def recorded_region(numbers: dict[str, np.ndarray]) -> Region:
    x, y, side, _, angle = numbers["roi"].astype(np.float32)
    return Region(jnp.asarray([x, y]), jnp.asarray(side), jnp.asarray(angle))


def test_matrix_of_the_recorded_region(numbers: dict[str, np.ndarray]):
    matrix = region.crop_matrix(recorded_region(numbers), 256, 256)
    assert np.abs(matrix - numbers["crop_matrix"]).max() < 2e-5


def test_crop_of_the_recorded_region(frame_100: np.ndarray, numbers: dict[str, np.ndarray]):
    seen = region.crop(frame_100, recorded_region(numbers), 256, 256)
    difference = np.abs(np.asarray(seen) - numbers["landmark_input"])
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.01


def test_the_whole_picture_in_black(frame_100: np.ndarray, numbers: dict[str, np.ndarray]):
    square = region.around_picture(960, 540)
    seen = region.crop(frame_100, square, 224, 224, edge=False)
    difference = np.abs(np.asarray(seen) - numbers["detector_input"])
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.01


def test_a_person_who_stands_upright_is_not_turned():
    found = region.around_person(jnp.asarray([50.0, 80.0]), jnp.asarray([50.0, 40.0]))
    assert np.abs(found.angle) < 1e-6
    assert np.abs(found.side - 100) < 1e-4
    lying = region.around_person(jnp.asarray([50.0, 80.0]), jnp.asarray([90.0, 80.0]))
    assert np.abs(lying.angle - np.pi / 2) < 1e-6
    standing_on_the_head = region.around_person(jnp.zeros(2), jnp.asarray([0.0, 1.0]))
    assert np.abs(np.abs(standing_on_the_head.angle) - np.pi) < 1e-6


def test_a_crop_turns_the_person_upright():
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[60, 30:71] = 255  # who lies, the head to the right
    lying = region.around_person(jnp.asarray([50.0, 60.0]), jnp.asarray([66.0, 60.0]))
    seen = np.asarray(region.crop(picture, lying, 40, 40))[..., 0]
    assert (seen[:, 20] == 255).all()
    assert seen[:, :19].max() == seen[:, 22:].max() == 0


def test_around_the_picture_lies_black_or_its_edge():
    picture = np.full((10, 10, 3), 200, np.uint8)
    square = Region(jnp.asarray([0.0, 5.0]), jnp.float32(10), jnp.float32(0))
    assert (np.asarray(region.crop(picture, square, 10, 10)) == 200).all()
    beside = np.asarray(region.crop(picture, square, 10, 10, edge=False))
    assert (beside[:, :5] == 0).all()
    assert (beside[:, 5:] == 200).all()

"""Sharp sampling: the picture of twice the size, and the kernel that it makes."""

import cv2
import numpy as np
import pytest

from dvs_jax.warping import doubling


def kernel(distance: np.ndarray) -> np.ndarray:
    """The weight of a pixel in a sample at a distance: linear between halves of a pixel."""
    knots = np.arange(-3.0, 3.5, 0.5)
    weights = np.array([0, 3, 0, -14, 0, 43, 64, 43, 0, -14, 0, 3, 0]) / 64.0
    return np.interp(distance, knots, weights)


def sampled(picture: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Samples of a float32 picture, as the warp takes them."""
    twice = np.ascontiguousarray(2.0 * position, np.float32)
    return cv2.remap(doubling.doubled(picture), twice, None, cv2.INTER_LINEAR)


@pytest.mark.parametrize("shape", [(7, 5), (6, 8, 3), (2, 3), (1, 1), (1, 9)], ids=str)
def test_pixels_stay_and_the_size_is_twice_less_one(shape):
    picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    found = doubling.doubled(picture)
    assert found.shape == (2 * shape[0] - 1, 2 * shape[1] - 1, *shape[2:])
    np.testing.assert_array_equal(found[::2, ::2], picture)


def test_samples_are_those_of_the_kernel():
    rng = np.random.default_rng(1)
    picture = rng.normal(size=(24, 30)).astype(np.float32)
    position = rng.uniform(4.0, 19.0, (5, 40, 2))
    found = sampled(picture, position)
    down = kernel(position[..., 1, None] - np.arange(24))
    across = kernel(position[..., 0, None] - np.arange(30))
    wanted = np.einsum("rcy,rcx,yx->rc", down, across, picture)
    # OpenCV rounds positions to 1/32 of a pixel, here of the doubled picture.
    assert np.abs(found - wanted).max() < 0.06
    assert np.abs(found - wanted).mean() < 0.01


def test_even_slopes_stay_even():
    y, x = np.mgrid[:20, :30].astype(np.float32)
    found = doubling.doubled(2.0 * x - 3.0 * y)
    y, x = np.mgrid[:39, :59] / 2.0
    inner = np.s_[6:-6, 6:-6]
    np.testing.assert_allclose(found[inner], (2.0 * x - 3.0 * y)[inner], atol=1e-5)


def test_a_hard_edge_overshoots_by_a_sixth_and_a_soft_one_by_a_fiftieth():
    step = np.full((8, 20), 50, np.uint8)
    step[:, 10:] = 200
    row = doubling.doubled(step)[0].astype(int)
    assert row.max() - 200 == 50 - row.min() == round(150 * (14 - 3) / 64)
    # As a lens draws it that is sharp to a pixel.
    row = doubling.doubled(cv2.GaussianBlur(step, (0, 0), 0.6))[0].astype(int)
    assert row.max() - 200 == 50 - row.min() == 3


def test_fine_detail_is_kept_alike_wherever_samples_fall():
    """The power of white noise, which has all detail there is, by how far aside samples fall."""
    picture = np.random.default_rng(2).normal(size=(400, 400)).astype(np.float32)
    y, x = np.mgrid[4:390, 4:390].astype(float)
    grids = [np.stack([x + part, y + part], axis=-1) for part in np.arange(8) / 8.0]
    found = [sampled(picture, at).var() for at in grids]
    linear = [cv2.remap(picture, np.float32(at), None, cv2.INTER_LINEAR).var() for at in grids]
    assert min(found) > 0.69
    assert max(found) < 1.02
    assert min(linear) < 0.27


def test_a_picture_drawn_larger_is_nearer_the_true_one_than_by_bilinear_samples():
    """Waves of all directions, 2.5 to 12 pixels long, drawn a quarter larger and turned."""
    rng = np.random.default_rng(3)
    angle, length = rng.uniform(0.0, np.pi, 60), rng.uniform(2.5, 12.0, 60)
    wave = 2.0 * np.pi / length * np.array([np.cos(angle), np.sin(angle)])
    phase, amplitude = rng.uniform(0.0, 2.0 * np.pi, 60), length / 3.0

    def true(position: np.ndarray) -> np.ndarray:
        return 128.0 + (amplitude * np.sin(position @ wave + phase)).sum(axis=-1)

    pixels = np.stack(np.meshgrid(np.arange(160.0), np.arange(160.0)), axis=-1)
    picture = true(pixels).astype(np.float32)
    position = pixels @ np.array([[0.8, 0.02], [-0.02, 0.8]]) + 15.0
    linear = cv2.remap(picture, np.float32(position), None, cv2.INTER_LINEAR)
    error, of_linear = (
        np.sqrt(np.mean(np.square(drawn - true(position))))
        for drawn in (sampled(picture, position), linear)
    )
    print(error, of_linear)
    assert error < 0.3 * of_linear

import math

import cv2
import numpy as np
import pytest

from dvs_jax.metrics import reference


@pytest.fixture(scope="module")
def numbers(golden):
    return np.load(golden / "stabgan/metrics.npz")


@pytest.mark.parametrize("row", range(4))
def test_numbers_are_the_official_ones(numbers, row):
    name = ("picture", "noisy", "shifted", "bordered")[row]
    wanted = dict(zip(numbers["names"], numbers["values"][row], strict=True))
    one, other = numbers["picture"], numbers[name]
    inner = reference.center(one), reference.center(other)
    assert reference.similarity(*inner) == pytest.approx(wanted["ssim_cropped"], abs=1e-6)
    assert reference.similarity(one, other) == pytest.approx(wanted["ssim_whole"], abs=1e-6)
    assert reference.signal_to_noise_db(one, other) == pytest.approx(wanted["psnr"], abs=1e-9)
    cropped = reference.signal_to_noise_db(*inner)
    assert cropped == pytest.approx(wanted["psnr_cropped"], abs=1e-9)
    if row:
        # The published program subtracts and squares bytes, which wrap around.
        with np.errstate(over="ignore"):
            wrapped = ((one - other) ** 2).mean()
        assert 20 * math.log10(255 / math.sqrt(wrapped)) == pytest.approx(
            wanted["psnr_uint8_wrapped"]
        )
        assert wanted["psnr_uint8_wrapped"] > wanted["psnr"] + 4.0


def test_the_map_is_that_of_scikit_image(numbers):
    grey = [
        cv2.cvtColor(reference.center(numbers[name]), cv2.COLOR_RGB2GRAY)
        for name in ("picture", "noisy")
    ]
    assert np.abs(reference.similarity_map(*grey) - numbers["ssim_map_noisy"]).max() < 1e-6


def test_frame_differences_and_their_gain(numbers, golden):
    recorded = np.load(golden / "stabgan/network.npz")
    found = [reference.frame_difference(recorded[name]) for name in ("unstable", "stable")]
    assert found == pytest.approx(numbers["frame_difference"].tolist(), rel=1e-6)
    assert reference.gain_percent(*found) == pytest.approx(float(numbers["gain_percent"]), rel=1e-6)


def test_only_what_counts_is_compared():
    one, other = np.zeros((8, 9, 3), np.uint8), np.full((8, 9, 3), 255, np.uint8)
    counted = np.zeros((8, 9), bool)
    assert math.isnan(reference.signal_to_noise_db(one, other, counted))
    counted[2] = True
    assert reference.signal_to_noise_db(one, other, counted) == 0.0
    other[2] = 0
    assert reference.signal_to_noise_db(one, other, counted) == math.inf


def test_small_pictures_are_not_cropped_and_have_no_similarity():
    small = np.zeros((9, 30, 3), np.uint8)
    assert reference.center(small) is small
    assert reference.center(np.zeros((192, 192, 3), np.uint8)).shape == (154, 154, 3)
    assert math.isnan(reference.similarity(small[:6], small[:6]))

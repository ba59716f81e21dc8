import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.stabnet import augmentation
from dvs_jax.stabnet.augmentation import Change


@pytest.fixture(scope="module")
def numbers(golden):
    return np.load(golden / "stabnet/augment.npz")


@pytest.fixture(scope="module")
def example(golden):
    return np.load(golden / "stabnet/losses.npz")


def unchanged(row: int, column: int, mirrored: bool = False) -> Change:
    """A crop, no darker and no brighter."""
    return Change(*map(jnp.asarray, (row, column, mirrored, 1.0, 0.0)))


@pytest.mark.slow
@pytest.mark.parametrize("mirrored", [False, True])
def test_numbers_are_the_official_ones(numbers, example, mirrored):
    row, column = numbers["offset"]
    case = int(mirrored)
    change = unchanged(row, column, mirrored)
    assert augmentation.enlarged((128, 72)) == tuple(numbers["resized"][::-1])
    image = jnp.asarray(example["x1"][0] / np.float32(255) - np.float32(0.5))
    assert np.abs(augmentation.picture(image, change) - numbers[f"image{case}"]).max() < 1e-5
    flow = augmentation.flow(jnp.asarray(example["flow"][0]), change)
    assert np.abs(flow - numbers[f"flow{case}"]).max() < 1e-5
    match, valid = (jnp.asarray(example[name][0]) for name in ("matches1", "valid1"))
    match, valid = augmentation.matches(match, valid, change, (128, 72))
    assert np.abs(match - numbers[f"matches{case}"]).max() < 1e-5
    assert (np.asarray(valid) == numbers[f"valid{case}"]).all()


def test_masks_are_the_official_ones(numbers):
    for homography, wanted in zip(numbers["homographies"], numbers["masks"], strict=True):
        found = augmentation.black_mask(jnp.asarray(homography, jnp.float32), (128, 72))
        assert (np.asarray(found) != wanted).mean() < 1e-3


@pytest.mark.slow
def test_what_is_drawn_stays_within_bounds():
    keys = jax.random.split(jax.random.key(0), 300)
    changes = jax.vmap(lambda key: augmentation.draw(key, (512, 288)))(keys)
    assert (changes.mirrored == (changes.row + changes.column) % 2).all()
    assert (int(changes.row.min()), int(changes.row.max())) == (0, 31)
    assert (int(changes.column.min()), int(changes.column.max())) == (0, 55)
    assert 0.4 < float(changes.mirrored.mean()) < 0.6
    assert float(changes.contrast.min()) >= 0.5 and float(changes.contrast.max()) <= 1.5
    assert float(jnp.abs(changes.brightness).max()) <= 32 / 255
    homographies = jax.vmap(augmentation.draw_homography)(jax.random.split(jax.random.key(1), 60))
    covered = jax.vmap(lambda each: augmentation.black_mask(each, (64, 36)))(homographies)
    assert 0.2 < float(covered.mean()) < 0.35


@pytest.mark.slow
def test_contrast_and_brightness():
    image = jnp.asarray([[-0.4, 0.0], [0.1, 0.4]])
    plain = augmentation.picture(image, unchanged(0, 0))
    change = unchanged(0, 0)._replace(contrast=jnp.asarray(0.5), brightness=jnp.asarray(0.1))
    changed = augmentation.picture(image, change)
    assert np.abs(changed - (0.5 * plain + 0.5 * plain.mean() + 0.1)).max() < 1e-6
    bright = augmentation.picture(image, change._replace(brightness=jnp.asarray(1.0)))
    assert float(bright.max()) == 0.5

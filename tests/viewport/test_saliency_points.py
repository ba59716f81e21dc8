"""The points of saliency maps against recorded numbers."""

import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.viewport import saliency_points


def test_points_are_those_recorded(golden):
    recorded = np.load(golden / "viewport/salxyz.npz")
    generator = np.random.default_rng(3301)
    full = generator.permutation(224 * 448).astype(np.float32).reshape(224, 448) / (224 * 448)
    small = generator.permutation(512).astype(np.float32).reshape(16, 32) / 512
    for name, saliency, count in (("full", full, 128), ("small", small, 16)):
        found = saliency_points.of_maps(saliency[None], count)[0]
        np.testing.assert_allclose(found, recorded[name], atol=3e-7)


def test_of_equal_values_the_earlier_pixel_is_taken():
    found = saliency_points.points(jnp.ones((10, 20)), 4)
    rows = np.arccos(found[:, 2]) * 10 / np.pi - 0.5
    np.testing.assert_allclose(rows, [0, 0, 1, 1], atol=1e-4)


@pytest.mark.parametrize(
    ("size", "count", "stride"), [((224, 448), 128, 160), ((32, 64), 8, 51), ((16, 32), 16, 6)]
)
def test_points_lie_at_equal_strides(size, count, stride):
    assert saliency_points.stride(*size, count) == stride

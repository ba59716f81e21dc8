from functools import partial

import jax
import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from dvs_jax.flow import correlation


@pytest.fixture(scope="module")
def features() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    first, second = generator.standard_normal((2, 9, 17, 12)).astype(np.float32)
    return first, second


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    """Matches within, across and far beyond the second frame's edges."""
    return np.random.default_rng(1).uniform(-12, 28, (9, 17, 2)).astype(np.float32)


@pytest.mark.parametrize("on_demand", [False, True])
def test_taps_are_bilinear_samples_of_the_products(features, points, on_demand):
    """Against SciPy's interpolation of the volume itself, pooled as the paper does."""
    first, second = features
    volume = np.einsum("ijc,yxc->ijyx", first, second) / np.sqrt(12)
    radius, expected = 2, []
    for level in range(2):
        for dx in range(-radius, radius + 1):
            for dy in range(-radius, radius + 1):
                x, y = points[..., 0] / 2**level + dx, points[..., 1] / 2**level + dy
                at = [(y[i, j], x[i, j], volume[i, j]) for i in range(9) for j in range(17)]
                # One pixel of zeros around: SciPy fades to the border value only inside it.
                taps = [
                    map_coordinates(np.pad(v, 1), [[b + 1], [a + 1]], order=1)[0] for b, a, v in at
                ]
                expected.append(np.reshape(taps, (9, 17)))
        rows, columns = volume.shape[2] // 2, volume.shape[3] // 2
        even = volume[:, :, : 2 * rows, : 2 * columns]
        volume = even.reshape(9, 17, rows, 2, columns, 2).mean(axis=(3, 5))
    prepared = correlation.correlate(first, second, on_demand)
    taps = jax.jit(correlation.look_up, static_argnums=2)(prepared, points, radius)
    assert taps.shape == (9, 17, 100)
    assert np.abs(taps[..., :50] - np.stack(expected, axis=-1)).max() < 1e-5


@pytest.mark.slow
def test_both_ways_agree_under_vmap(features, points):
    first, second = (np.stack([f, -f[::-1]]) for f in features)
    both = np.stack([points, points[::-1]])

    @partial(jax.jit, static_argnums=0)
    def taps(on_demand, first, second, points):
        def one(a, b, p):
            return correlation.look_up(correlation.correlate(a, b, on_demand), p, 3)

        return jax.vmap(one)(first, second, points)

    full, saving = (taps(way, first, second, both) for way in (False, True))
    assert np.abs(full - saving).max() < 1e-5


def test_the_way_is_chosen_by_size():
    small, large = np.zeros((34, 60, 2), np.float32), np.zeros((135, 240, 2), np.float32)
    assert correlation.correlate(small, small).volumes is not None
    assert correlation.correlate(large, large).volumes is None


@pytest.mark.slow
def test_memory_on_demand_grows_with_the_pixels_not_their_square():
    def peak(rows: int, columns: int) -> int:
        shape = jax.ShapeDtypeStruct((rows, columns, 16), np.float32)
        at = jax.ShapeDtypeStruct((rows, columns, 2), np.float32)
        look_up = jax.jit(
            lambda a, b, p: correlation.look_up(correlation.correlate(a, b, True), p, 3)
        )
        return look_up.lower(shape, shape, at).compile().memory_analysis().temp_size_in_bytes

    assert peak(136, 240) < 6 * peak(68, 120)

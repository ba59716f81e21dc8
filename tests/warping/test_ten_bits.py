"""Planes of 10 bits are warped as those of 8, more finely."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.warping import device, grid
from dvs_jax.warping import host as warp

SIZE = WIDTH, HEIGHT = 192, 108


def planes() -> list[np.ndarray]:
    """Stripes from black to white, which overshoot where they are sharpened, and two ramps."""
    luma = np.where(np.arange(WIDTH) // 6 % 2, 1023, 0).astype(np.uint16)
    both = (np.arange(WIDTH // 2) * 8 + 100).astype(np.uint16)
    return [np.tile(row, (rows, 1)) for row, rows in ((luma, HEIGHT), *[(both, HEIGHT // 2)] * 2)]


def aside(x: float, y: float) -> np.ndarray:
    regular = np.stack(np.meshgrid(*[np.linspace(0, 1, 5)] * 2), axis=-1)
    return (regular + np.array([x / WIDTH, y / HEIGHT])).astype(np.float32)


def drawn(source: np.ndarray, border: warp.Border = "black") -> list[np.ndarray]:
    made = [np.empty_like(plane) for plane in planes()]
    warp.warp_planes(planes(), warp.lattice_map(source, SIZE, 1.0), border, made)
    return made


def test_a_frame_that_stays_is_not_changed():
    for plane, found in zip(planes(), drawn(aside(0, 0)), strict=True):
        np.testing.assert_array_equal(found, plane)


def test_values_stay_within_ten_bits_and_keep_their_levels():
    luma, blue, red = drawn(aside(0.5, 0))
    assert (luma.dtype, luma.max()) == (np.uint16, 1023)
    # Half a pixel of luma aside is a quarter of one of chroma.
    expected = planes()[1][:, 10:-10] + 2
    for plane in (blue, red):
        assert np.abs(plane[:, 10:-10].astype(int) - expected).max() <= 1


def test_what_is_not_covered_is_black():
    luma, blue, _ = drawn(aside(-20, 0))
    assert (luma[:, :16] == 64).all()
    assert (blue[:, :8] == 512).all()


@pytest.mark.parametrize("border", ["black", "reflect"])
def test_the_device_draws_the_same(border):
    source = grid.resized(aside(3.3, -2.7), grid.shape_for(SIZE))
    luma, *both = planes()
    warped = jax.jit(device.warp_planes, static_argnames="border")
    on_device = warped(luma, np.stack(both, -1), source, jnp.float32(1.0), border=border)
    on_host = drawn(source, border)
    assert on_device[0].dtype == np.uint16
    assert np.asarray(on_device[0]).max() <= 1023
    apart = np.abs(np.asarray(on_device[0]).astype(int) - on_host[0])
    # Positions are rounded to 1/64 pixel on the host: up to 1023 / 32 levels at a stripe's edge.
    assert apart.max() <= 40
    assert apart.mean() < 5
    assert np.abs(np.asarray(on_device[1])[..., 0].astype(int) - on_host[1]).max() <= 20

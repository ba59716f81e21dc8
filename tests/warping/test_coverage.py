"""What a grid covers, against pixels that are drawn."""

import numpy as np
import pytest

from dvs_jax import quaternion
from dvs_jax.camera import Camera
from dvs_jax.stabilization.framing import Shares
from dvs_jax.warping import coverage, grid, host
from dvs_jax.warping.turning import source_grids

SIZES = [(192, 108), (640, 360), (1080, 1920), (1920, 1080), (3840, 2160)]


def turned(size, count=6, seed=0, degrees=(1.0, 1.0, 4.0)):
    """Grids of a camera that is turned, most about its axis."""
    rng = np.random.default_rng(seed)
    turn = np.radians(rng.uniform(-1.0, 1.0, (count, 3)) * degrees)
    virtual = quaternion.from_rotation_vector(turn).astype(np.float32)
    rows = np.broadcast_to(quaternion.identity(), (count, 34, 4)).astype(np.float32)
    still = np.zeros((count, 34, 2), np.float32)
    shape = grid.shape_for(size)
    return np.asarray(source_grids(Camera(), rows, still, virtual, size=size, shape=shape))


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_no_pixel_is_dark_in_the_share_that_is_shown(size):
    sources = turned(size)
    shown = Shares(0.3, size).of(np.asarray(coverage.kept_share(sources)))
    white = np.full((size[1], size[0], 1), 255, np.uint8)
    for source, share in zip(sources, shown, strict=True):
        assert host.warp_frame(white, source, share, "black").min() >= 254


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES[:3], ids=str)
def test_it_is_no_less_than_it_has_to_be(size):
    """A share that is a little larger has a point outside, by bisection on resampled grids."""
    for source, kept in zip(turned(size), coverage.kept_share(turned(size)), strict=True):
        fine = np.linspace(0.0, 1.0, 2001)

        def is_covered(share, source=source, fine=fine):
            line = 0.5 + (fine - 0.5) * share
            ends = np.array([line[0], line[-1]])
            sides = [grid.at(source, line, ends), grid.at(source, ends, line)]
            return all(((side >= 0.0) & (side <= 1.0)).all() for side in sides)

        assert is_covered(float(kept) - 2e-5)
        assert float(kept) == 1.0 or not is_covered(float(kept) + 2e-5)


def test_what_is_led_back_covers_what_it_has_to():
    sources = turned((640, 360), degrees=(6.0, 6.0, 12.0))
    reach = np.asarray(coverage.furthest(sources, np.float32(0.9)))
    assert (reach < 1.0).all() and (reach > 0.0).all()
    assert np.asarray(coverage.kept_share(grid.blend(sources, reach))).min() >= 0.9 - 1e-4
    beyond = grid.blend(sources, np.float32(1.05) * reach)
    assert np.asarray(coverage.kept_share(beyond)).max() < 0.9


def test_a_grid_with_a_point_that_is_no_number_covers_nothing():
    source = grid.output_points(18, 18).astype(np.float32)[None].copy()
    assert float(coverage.kept_share(source)[0]) == 1.0
    source[0, 0, 0] = np.nan
    assert float(coverage.kept_share(source)[0]) == 0.0


def test_a_resampled_grid_is_bilinear_and_goes_on_beyond_its_edges():
    source = turned((192, 108), 1)[0].astype(float)
    y, x = np.array([-0.1, 0.013, 0.5, 1.2]), np.array([0.3, 0.99])
    found = grid.at(source, y, x)
    pairs = np.stack(np.meshgrid(y, x, indexing="ij"), axis=-1).reshape(-1, 2)
    np.testing.assert_allclose(grid.at_points(source, *pairs.T), found.reshape(-1, 2), atol=1e-12)
    linear = np.arange(18)[:, None, None] * np.array([0.0, 1.0]) + np.zeros((1, 18, 1))
    np.testing.assert_allclose(grid.at(linear, y, x)[:, 0, 1], 17.0 * y, atol=1e-9)

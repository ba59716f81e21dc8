"""Grids of a camera that turns, seen through its lens."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from dvs_jax import camera as cameras
from dvs_jax import quaternion
from dvs_jax.camera import Camera
from dvs_jax.lens import Lens
from dvs_jax.smoothing.coverage import Exposure, kept_fraction
from dvs_jax.warping import coverage, grid
from dvs_jax.warping.turning import source_grids

SIZE = (640, 360)
SHAPE = grid.shape_for(SIZE)
LENSES = {
    "fisheye": Lens("fisheye", (0.04, 0.01, -0.005, 0.0)),
    "corrected": Lens("fisheye", (0.04, 0.01, -0.005, 0.0), 1.0),
    "brown": Lens("brown", (-0.08, 0.01, 0.001, -0.002, 0.0)),
    "half corrected": Lens("brown", (-0.08, 0.01, 0.001, -0.002, 0.0), 0.5),
}


def wide(lens):
    return Camera((0.45, 0.45), (0.49, 0.52), lens=lens)


def shaken(frames=4, rows=12, dtype=np.float32):
    """Poses of a rolling shutter and of a virtual camera some degrees away, with lens shifts."""
    rng = np.random.default_rng(3)
    start, end, away = (np.radians(rng.uniform(-3, 3, (frames, 1, 3))) for _ in range(3))
    share = np.linspace(0.0, 0.3, rows)[None, :, None]
    pose = quaternion.from_rotation_vector(start + share * end)
    shift = np.broadcast_to(rng.uniform(-0.01, 0.01, (frames, 1, 2)), (frames, rows, 2))
    virtual = quaternion.from_rotation_vector(away[:, 0])
    return tuple(each.astype(dtype) for each in (pose, shift, virtual))


@pytest.mark.slow
def test_a_lens_that_distorts_nothing_is_no_lens():
    """But for the mesh's interpolation."""
    moved = shaken(rows=34)
    plain, through = (
        np.asarray(source_grids(wide(lens), *moved, size=SIZE, shape=SHAPE))
        for lens in (None, Lens("brown", (0.0,) * 5))
    )
    inside = ((plain > 0.0) & (plain < 1.0)).all(axis=-1)
    assert np.abs(plain - through)[inside].max() < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("name", LENSES)
def test_a_still_camera_shows_each_direction_where_its_lens_does(name):
    still = np.broadcast_to(quaternion.identity(), (1, 12, 4)).astype(np.float32)
    moved = still, np.zeros((1, 12, 2), np.float32), still[:, 0]
    (source,) = np.asarray(source_grids(wide(LENSES[name]), *moved, size=SIZE, shape=SHAPE))
    output = grid.output_points(*SHAPE)
    if LENSES[name].correction == 0.0:
        np.testing.assert_allclose(source, output, atol=2e-6)
    seen = cameras.seen_direction(wide(LENSES[name]), SIZE, source.astype(float), np.zeros(2))
    shown = cameras.shown_direction(wide(LENSES[name]), SIZE, output)
    length = np.linalg.norm(np.cross(seen, shown), axis=-1)
    assert (length / np.linalg.norm(seen, axis=-1) / np.linalg.norm(shown, axis=-1)).max() < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("name", LENSES)
def test_the_limiter_and_the_grid_agree_on_what_is_covered(name):
    pose, shift, virtual = (each.astype(float) for each in shaken())
    camera = wide(LENSES[name])
    told = kept_fraction(Exposure(camera, SIZE, pose, shift), virtual)
    source = source_grids(camera, *shaken(), size=SIZE, shape=SHAPE)
    drawn = np.asarray(coverage.kept_share(source))
    assert (told < 1.0).any() and (told > 0.5).all()
    np.testing.assert_allclose(told, drawn, atol=4e-3)


@pytest.mark.slow
def test_gradients_are_the_finite_differences():
    lens = LENSES["fisheye"]
    with jax.enable_x64(True):
        pose, shift, virtual = map(jnp.asarray, shaken(1, 4, np.float64))
        given = (jnp.asarray(lens.coefficients), jnp.asarray(0.6), pose, virtual)

        @jax.jit
        def total(coefficients, correction, pose, virtual):
            used = dataclasses.replace(
                lens, coefficients=tuple(coefficients), correction=correction
            )
            source = source_grids(wide(used), pose, shift, virtual, size=SIZE, shape=(5, 5))
            return jnp.sin(3.0 * source).sum()

        check_grads(total, given, order=1, modes=["rev"], eps=1e-6, rtol=1e-5)

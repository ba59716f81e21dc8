"""Motions and meshes fitted to features of known displacement."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.motion import plane
from dvs_jax.stabnet import alignment, correlation
from dvs_jax.stabnet.sampling import Raster, at_vertices

ROWS, COLUMNS = 45, 80
RASTER = Raster(1.0 / COLUMNS, ROWS / COLUMNS)
POINTS = RASTER.points(ROWS, COLUMNS)


def waves(point: jax.Array) -> jax.Array:
    """Smooth features with gradients everywhere, in all directions."""
    way = jnp.asarray([[20.0, 7.0], [-9.0, 18.0], [13.0, -15.0]])
    return jnp.sin(point @ way.T)


def evidence_of(displacement: jax.Array) -> alignment.Evidence:
    """What is told by features whose content has moved by a displacement at every cell."""
    steadied = waves(POINTS)
    gradient = alignment.gradients(steadied, RASTER.step)
    off = jnp.einsum("rcfi,rci->rcf", gradient, -displacement)
    return alignment.evidence(gradient, off, jnp.ones((ROWS, COLUMNS)))


@pytest.mark.slow
def test_a_similarity_is_found_from_what_it_does_to_the_features():
    motion = jnp.asarray([0.004, -0.003, 0.006, 0.005])
    x, y = POINTS[..., 0], POINTS[..., 1]
    moved = jnp.stack(
        [motion[0] - motion[2] * y + motion[3] * x, motion[1] + motion[2] * x + motion[3] * y],
        axis=-1,
    )
    # The ridge holds back a thousandth of it.
    np.testing.assert_allclose(alignment.similarity(evidence_of(moved), POINTS), motion, rtol=3e-3)


@pytest.mark.slow
def test_rounds_find_a_motion_of_several_cells_exactly():
    motion = jnp.asarray([0.02, -0.015, 0.02, -0.01])
    camera = jnp.zeros(4)
    steadied = waves(POINTS)
    gradient = alignment.gradients(steadied, RASTER.step)
    for _ in range(12):
        seen = waves(plane.turned(plane.plane_of(POINTS, camera) - motion[None, None, :2], -motion))
        evidence = alignment.evidence(gradient, seen - steadied, jnp.ones((ROWS, COLUMNS)))
        found = alignment.similarity(evidence, POINTS)
        place = plane.plane_of(found[:2], camera)
        camera = jnp.concatenate([place, camera[2:] - found[2:]])
    expected = jnp.concatenate([motion[:2], -motion[2:]])
    np.testing.assert_allclose(camera, expected, atol=1e-5)


@pytest.mark.slow
def test_a_mesh_is_found_where_parts_move_by_themselves():
    vertex = np.zeros((5, 5, 2), np.float32)
    vertex[1, 3], vertex[3, 1] = (0.003, 0.0), (0.0, -0.002)
    moved = at_vertices(jnp.asarray(vertex), POINTS, ROWS / COLUMNS)
    found = np.asarray(alignment.mesh(evidence_of(moved)))
    # Stiffness and doubt take some of it.
    assert found[1, 3, 0] == pytest.approx(0.003, rel=0.3)
    assert found[3, 1, 1] == pytest.approx(-0.002, rel=0.3)
    others = np.abs(np.delete(found.reshape(25, 2), [8, 16], axis=0))
    assert others.max() < 0.0008


def test_where_nothing_is_known_nothing_moves():
    nothing = alignment.Evidence(
        jnp.zeros((ROWS, COLUMNS, 2, 2)), jnp.zeros((ROWS, COLUMNS, 2)), jnp.zeros((ROWS, COLUMNS))
    )
    assert not alignment.similarity(nothing, POINTS).any()
    assert not alignment.mesh(nothing).any()


@pytest.mark.parametrize("shift", [(0, 0), (3, -2), (-5, 6), (-6, -6)])
def test_the_best_shift_is_the_one_by_which_content_has_moved(shift):
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(22 + 12, 40 + 12, 16)).astype(np.float32)
    x, y = shift
    steadied, current = wide[6:28, 6:46], wide[6 - y : 28 - y, 6 - x : 46 - x]
    np.testing.assert_array_equal(correlation.best_shift(steadied, current), [x, y])


@pytest.mark.slow
def test_sampling_is_exact_for_planes_and_knows_its_edges():
    values = (2.0 * POINTS[..., :1] - 3.0 * POINTS[..., 1:]) + 1.0
    point = jnp.asarray([[0.1, -0.2], [0.4937, 0.27], [0.5, 0.0], [-0.6, 0.0]])
    sampled, inside = RASTER.sampled(values, point)
    np.testing.assert_array_equal(inside, [True, True, False, False])
    expected = 2.0 * point[:2, :1] - 3.0 * point[:2, 1:] + 1.0
    np.testing.assert_allclose(sampled[:2], expected, atol=1e-5)

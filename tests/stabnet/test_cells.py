import cv2
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.stabnet import cells, official_warp


def noise(shape, scale, seed=0):
    drawn = np.random.default_rng(seed).normal(scale=scale, size=shape)
    return jnp.asarray(drawn, jnp.float32)


@pytest.mark.slow
@pytest.mark.parametrize("within", ["homography", "bilinear"])
@pytest.mark.parametrize("shape", [(5, 5, 2), (10, 17, 2)])
def test_nothing_moves_bit_for_bit(shape, within):
    image = noise((37, 50), 0.3)
    shown = cells.warp(image, jnp.zeros(shape), within)
    assert (np.asarray(shown.image) == np.asarray(image)).all()
    assert shown.black.sum() == 0


def test_a_cell_is_the_homography_of_its_corners():
    """OpenCV's, solved from the four corners, in one cell of three."""
    vertex = noise((2, 4, 2), 0.1)
    x, y = np.meshgrid([-1 / 3, 1 / 3], [-1.0, 1.0])
    corners = np.stack([x, y], -1).astype(np.float32)
    target = (corners + vertex[:, 1:3]).reshape(4, 2).astype(np.float32)
    homography = cv2.getPerspectiveTransform(corners.reshape(4, 2), np.asarray(target))
    point = np.random.default_rng(1).uniform([-1 / 3, -1], [1 / 3, 1], (40, 2)).astype(np.float32)
    wanted = cv2.perspectiveTransform(point[None].astype(float), homography)[0] - point
    moved = jax.jit(cells.displacements)(vertex, jnp.asarray(point))
    assert np.abs(moved - wanted).max() < 1e-6


@pytest.mark.slow
def test_vertices_move_as_they_are_told():
    vertex = noise((5, 5, 2), 0.1)
    regular = jnp.asarray(official_warp.regular_vertices()).reshape(-1, 2)
    for within in ("homography", "bilinear"):
        moved = cells.displacements(vertex, regular, within)
        assert np.abs(moved - vertex.reshape(-1, 2)).max() < 1e-6


@pytest.mark.slow
def test_it_is_the_official_map_but_for_that_ones_ridge():
    theta = noise((50,), 0.05)
    position = official_warp.position_map(official_warp.vertices(theta), (64, 36))
    x, y = jnp.meshgrid(jnp.linspace(-1, 1, 64), jnp.linspace(-1, 1, 36))
    point = jnp.stack([x, y], -1).reshape(-1, 2)
    moved = cells.displacements(theta.reshape(5, 5, 2), point)
    error = np.abs(point + moved - position.reshape(-1, 2))
    # Cells of pixels and of positions part at other places by half a pixel.
    assert np.median(error) < 5e-4 and error.max() < 5e-2


@pytest.mark.slow
def test_a_shift_by_whole_pixels():
    image = noise((20, 30), 0.3)
    vertex = jnp.broadcast_to(jnp.asarray([2 * 3 / 30, -2 * 2 / 20]), (5, 5, 2))
    shown = cells.warp(image, vertex)
    assert np.abs(shown.image[2:, :-3] - image[:-2, 3:]).max() < 1e-5
    assert shown.black[:2].all() and shown.black[:, -3:].all()
    assert shown.black[2:, :-3].sum() == 0


@pytest.mark.slow
def test_gradients_are_those_of_differences():
    vertex, point = noise((5, 5, 2), 0.1), noise((30, 2), 0.5, 2)

    def total(vertex):
        return (cells.displacements(vertex, point) ** 2).sum()

    direction = noise((5, 5, 2), 1.0, 3)
    found = (jax.grad(total)(vertex) * direction).sum()
    numeric = (total(vertex + 1e-3 * direction) - total(vertex - 1e-3 * direction)) / 2e-3
    assert float(found) == pytest.approx(float(numeric), rel=1e-2)

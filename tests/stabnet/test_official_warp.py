import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.stabnet import official_warp


@pytest.fixture(scope="module")
def numbers(golden):
    return np.load(golden / "stabnet/warp.npz")


@pytest.fixture(scope="module")
def warped(numbers):
    """Vertices, homographies, positions, picture and mask of each case."""
    image = jnp.asarray(numbers["image"] / np.float32(255) - np.float32(0.5))

    @jax.jit
    @jax.vmap
    def compute(theta):
        vertex = official_warp.vertices(theta)
        position = official_warp.position_map(vertex, (128, 72))
        return (
            vertex,
            official_warp.homographies(vertex),
            position,
            official_warp.warp(image, theta),
        )

    return compute(numbers["theta"])


def test_vertices_and_homographies_are_the_official_ones(warped, numbers):
    vertex, homography, *_ = warped
    assert np.abs(vertex - numbers["vertices"]).max() < 1e-6
    largest = np.abs(numbers["homography"]).max(-1, keepdims=True)
    assert (np.abs(homography - numbers["homography"]) / largest).max() < 1e-4


def test_positions_are_the_official_ones(warped, numbers):
    position = np.asarray(warped[2])
    assert np.abs(position[..., 0] - numbers["x_map"]).max() < 1e-5
    assert np.abs(position[..., 1] - numbers["y_map"]).max() < 1e-5


def test_pictures_and_masks_are_the_official_ones(warped, numbers):
    image, black = map(np.asarray, warped[3])
    error = np.abs(image - numbers["warped"])
    assert error.max() < 1e-4 and np.median(error) < 1e-6
    on_edge = np.abs(np.abs(np.stack([numbers["x_map"], numbers["y_map"]])) - 1.0) < 1e-5
    differs = black != numbers["black"]
    assert not (differs & ~on_edge.any(0)).any()
    assert numbers["black"][2].mean() > 0.05


@pytest.mark.slow
def test_the_identity_is_off_as_officially():
    """The picture is enlarged by a pixel; rows and columns on its edges become 0."""
    shown = official_warp.warp(jnp.ones((36, 64)), jnp.zeros(50))
    assert np.abs(shown.image[1:-1, 1:-1] - 1.0).max() < 1e-5
    assert np.abs(shown.image[-1]).max() < 0.02 and np.abs(shown.image[:, -1]).max() < 0.02
    assert shown.black.sum() > 0


def test_sizes_that_four_does_not_divide():
    """The last cells are the larger ones."""
    x, cell = official_warp._pixels(10)
    assert cell.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 3, 3]
    assert (float(x[0]), float(x[-1])) == (-1.0, 1.0)


def test_positions_without_bounds_are_black_and_finite():
    position = jnp.full((2, 3, 2), jnp.asarray([1e30, -1e30]))
    assert official_warp.outside(position).tolist() == [[1.0] * 3] * 2

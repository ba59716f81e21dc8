"""A network in the place of the published ones: who is red is a person."""

import jax
import jax.numpy as jnp
import numpy as np

from dvs_jax.subject.pose import POINTS, Poses
from dvs_jax.tflite import Network

SIZE = 64


@jax.jit
def _apply(weights, picture):
    score = jnp.float32(picture[..., 0].max() > picture[..., 1].min() + 0.2).reshape(1)
    mask = 40 * (picture[..., :1] - picture[..., 1:2]) - 10
    heat = jnp.full((16, 16, 39), -50.0)
    return jnp.full(195, SIZE / 2), score, mask, heat, jnp.zeros(117)


SHAPES = ((195,), (1,), (SIZE, SIZE, 1), (16, 16, 39), (117,))
NETWORK = Network({"unused": jnp.zeros(1)}, _apply, ((SIZE, SIZE, 3),), SHAPES)


def standing(x: float, y: float, torso: float) -> Poses:
    """One whose hips are at a place, in pixels, and whose region is 5 torsos wide."""
    point = np.full((POINTS, 3), (x, y, 0.0))
    point[[11, 12], 1] -= torso
    nothing = np.zeros(POINTS)
    return Poses(
        point, nothing, nothing, np.zeros((POINTS, 3)), np.float64(1), np.float64(5 * torso)
    )


def picture(x: float, y: float, radius: float, size: tuple[int, int]) -> np.ndarray:
    """A red disc on grey stripes, RGB."""
    across, down = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    grey = np.where(across // 4 % 2, 90, 120).astype(np.uint8)
    image = np.repeat(grey[..., None], 3, axis=-1)
    image[np.hypot(across - x, down - y) < radius] = (220, 20, 40)
    return image

"""Rotations, projections and products of matrices in float32 on the device, against float64."""

import jax
import numpy as np
import pytest

from dvs_jax import camera, quaternion
from dvs_jax.camera import Camera

pytestmark = pytest.mark.accelerator

FULL_HD = (1920, 1080)
ROWS = 34

RNG = np.random.default_rng(0)
UNIT = quaternion.normalize(RNG.standard_normal((2, 100_000, 4))).astype(np.float32)
VECTOR = RNG.uniform(-1.7, 1.7, (100_000, 3)).astype(np.float32)
SHARE = RNG.uniform(0.0, 1.0, 100_000).astype(np.float32)

FUNCTIONS = {
    "multiply": (quaternion.multiply, UNIT),
    "to_matrix": (quaternion.to_matrix, UNIT[:1]),
    "rotate": (quaternion.rotate, (UNIT[0], VECTOR)),
    "from_rotation_vector": (quaternion.from_rotation_vector, (VECTOR,)),
    "slerp": (quaternion.slerp, (*UNIT, SHARE)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_quaternions(name, agree):
    function, arguments = FUNCTIONS[name]
    found = jax.jit(function)(*map(jax.device_put, arguments))
    wanted = function(*(each.astype(np.float64) for each in arguments))
    agree(f"quaternion {name}", found, wanted, 5e-6)


def test_grids_are_right_to_a_fraction_of_a_pixel(agree):
    turns = RNG.normal(0.0, 0.05, (8, ROWS, 3))
    real = quaternion.from_rotation_vector(turns).astype(np.float32)
    virtual = quaternion.from_rotation_vector(turns.mean(axis=1)).astype(np.float32)
    shift = RNG.normal(0.0, 0.005, (8, ROWS, 2)).astype(np.float32)

    def grid(*poses):
        return camera.warp_grid(Camera(), FULL_HD, *poses)[..., :2]

    with jax.default_matmul_precision("highest"):
        found = jax.jit(grid)(*map(jax.device_put, (real, shift, virtual)))
    wanted = grid(*(each.astype(np.float64) for each in (real, shift, virtual)))
    pixels = np.array(FULL_HD, float)
    agree("camera grid, 1920 × 1080", np.asarray(found) * pixels, wanted * pixels, 0.02, "px")


@pytest.mark.parametrize(("precision", "limit"), [("highest", 3e-6), (None, 1e-2)])
def test_matrix_products(precision, limit, within):
    """By default accelerators round to 10 bits or less; "highest" is what poses are computed by."""
    left, right = RNG.standard_normal((2, 1024, 1024)).astype(np.float32)
    with jax.default_matmul_precision(precision):
        found = jax.jit(lambda a, b: a @ b)(*map(jax.device_put, (left, right)))
    wanted = left.astype(np.float64) @ right.astype(np.float64)
    error = np.linalg.norm(np.asarray(found) - wanted) / np.linalg.norm(wanted)
    within(f"matrix product, precision {precision or 'default'}", error, limit, "of its norm")

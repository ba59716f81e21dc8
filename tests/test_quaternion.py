import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from jax.test_util import check_grads

from dvs_jax import quaternion

IDENTITY = np.array([0.0, 0.0, 0.0, 1.0])
HALF_TURN = np.array([1.0, 0.0, 0.0, 0.0])
DEGENERATE = [IDENTITY, -IDENTITY, HALF_TURN, np.array([0.0, 0.6, 0.8, 0.0]), np.zeros(4)]

components = st.floats(-1.0, 1.0, allow_nan=False, width=64)


def unit_quaternions():
    return (
        arrays(np.float64, (4,), elements=components)
        .filter(lambda q: np.linalg.norm(q) > 1e-3)
        .map(lambda q: q / np.linalg.norm(q))
    )


def rotation_vectors(longest):
    return arrays(np.float64, (3,), elements=components).map(lambda v: v * longest / np.sqrt(3))


def assert_same_rotation(q, p, tolerance=1e-12):
    q, p = np.asarray(q), np.asarray(p)
    np.testing.assert_allclose(np.abs((q * p).sum(-1)), 1.0, atol=tolerance)
    sign = np.sign((q * p).sum(-1, keepdims=True))
    np.testing.assert_allclose(q * sign, p, atol=tolerance)


@pytest.fixture(scope="module")
def numbers(golden):
    return np.load(golden / "dvs/quaternion.npz")


def test_golden_product_and_reciprocal(numbers):
    product = quaternion.normalize(quaternion.multiply(numbers["q1"], numbers["q2"]))
    np.testing.assert_allclose(product, numbers["product"], atol=1e-9)
    unit = numbers["q1"] / np.linalg.norm(numbers["q1"], axis=-1, keepdims=True)
    inverse = quaternion.conjugate(unit)
    reciprocal = numbers["reciprocal"]
    reciprocal = reciprocal / np.linalg.norm(reciprocal, axis=-1, keepdims=True)
    np.testing.assert_allclose(inverse, reciprocal, atol=1e-9)


def test_golden_slerp(numbers):
    q1, q2 = quaternion.normalize(numbers["q1"]), quaternion.normalize(numbers["q2"])
    assert_same_rotation(quaternion.slerp(q1, q2, numbers["t"]), numbers["slerp"], 1e-9)


def test_golden_rotation_vector(numbers):
    vector = quaternion.to_rotation_vector(numbers["unit"])
    again = quaternion.from_rotation_vector(numbers["axis_angle"])
    assert_same_rotation(quaternion.from_rotation_vector(vector), again, 1e-9)
    np.testing.assert_allclose(
        quaternion.from_rotation_vector(numbers["aa"]), numbers["from_axis_angle"], atol=1e-9
    )


def test_golden_matrix(numbers):
    np.testing.assert_allclose(quaternion.to_matrix(numbers["unit"]), numbers["matrix"], atol=1e-9)
    assert_same_rotation(quaternion.from_matrix(numbers["matrix"]), numbers["from_matrix"], 1e-9)


@given(unit_quaternions(), unit_quaternions(), unit_quaternions())
def test_group_axioms(a, b, c):
    multiply, conjugate = quaternion.multiply, quaternion.conjugate
    np.testing.assert_allclose(multiply(multiply(a, b), c), multiply(a, multiply(b, c)), atol=1e-12)
    np.testing.assert_allclose(multiply(a, IDENTITY), a, atol=1e-12)
    np.testing.assert_allclose(multiply(IDENTITY, a), a, atol=1e-12)
    np.testing.assert_allclose(multiply(a, conjugate(a)), IDENTITY, atol=1e-12)
    np.testing.assert_allclose(
        conjugate(multiply(a, b)), multiply(conjugate(b), conjugate(a)), atol=1e-12
    )


@given(unit_quaternions(), unit_quaternions())
def test_matrices_follow_the_product(a, b):
    product = quaternion.to_matrix(quaternion.multiply(a, b))
    np.testing.assert_allclose(
        product, quaternion.to_matrix(a) @ quaternion.to_matrix(b), atol=1e-12
    )


@given(unit_quaternions())
def test_matrix_round_trip(q):
    assert_same_rotation(quaternion.from_matrix(quaternion.to_matrix(q)), q)


@given(rotation_vectors(longest=np.pi - 1e-6))
def test_rotation_vector_round_trip(vector):
    again = quaternion.to_rotation_vector(quaternion.from_rotation_vector(vector))
    np.testing.assert_allclose(again, vector, atol=1e-8)


@given(unit_quaternions(), unit_quaternions(), st.floats(0, 1))
def test_slerp_divides_the_angle(a, b, ratio):
    whole = quaternion.angle_between(a, b)
    between = quaternion.slerp(a, b, np.array(ratio))
    # The linear branch (|dot| > 0.9995, 3.6°) is off by a few millionths of a radian at most.
    np.testing.assert_allclose(quaternion.angle_between(between, a), ratio * whole, atol=1e-5)
    np.testing.assert_allclose(quaternion.angle_between(between, b), (1 - ratio) * whole, atol=1e-5)


@given(unit_quaternions(), arrays(np.float64, (3,), elements=components))
def test_rotate_is_the_conjugation_of_the_vector(q, vector):
    pure = np.append(vector, 0.0)
    conjugated = quaternion.multiply(quaternion.multiply(q, pure), quaternion.conjugate(q))
    np.testing.assert_allclose(quaternion.rotate(q, vector), conjugated[:3], atol=1e-12)


@pytest.mark.parametrize("steps", [1, 2, 5, 64])
def test_accumulate_multiplies_one_after_the_other(steps):
    factor = quaternion.normalize(np.random.default_rng(6).standard_normal((3, steps, 4)))
    product = factor[:, 0]
    for step, accumulated in enumerate(np.moveaxis(quaternion.accumulate(factor), 1, 0)):
        if step:
            product = quaternion.multiply(factor[:, step], product)
        np.testing.assert_allclose(accumulated, product, atol=1e-13)


def test_slerp_clamps_and_takes_the_short_way():
    quarter = quaternion.from_rotation_vector(np.array([0.0, 0.0, np.pi / 2]))
    np.testing.assert_allclose(quaternion.slerp(IDENTITY, quarter, np.array(-3.0)), IDENTITY)
    np.testing.assert_allclose(quaternion.slerp(IDENTITY, quarter, np.array(9.0)), quarter)
    between = quaternion.slerp(IDENTITY, -quarter, np.array(0.5))
    np.testing.assert_allclose(quaternion.angle_between(between, IDENTITY), np.pi / 4)


def test_zero_norm_is_the_identity():
    np.testing.assert_array_equal(quaternion.normalize(np.zeros((2, 4))), [IDENTITY, IDENTITY])
    np.testing.assert_array_equal(quaternion.normalize(np.full(4, 1e-8)), IDENTITY)


UNARY = {
    "normalize": quaternion.normalize,
    "to_matrix": quaternion.to_matrix,
    "to_rotation_vector": quaternion.to_rotation_vector,
    "matrix round trip": lambda q: quaternion.from_matrix(quaternion.to_matrix(q)),
    "angle_between": lambda q: quaternion.angle_between(q, jnp.asarray(IDENTITY, jnp.float32)),
    "slerp": lambda q: quaternion.slerp(q, jnp.asarray(IDENTITY, jnp.float32), jnp.asarray(0.3)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("q", DEGENERATE, ids=str)
def test_gradients_are_finite(name, q):
    jacobian = jax.jacrev(UNARY[name])(jnp.asarray(q, jnp.float32))
    assert np.isfinite(jacobian).all()


@pytest.mark.parametrize("length", [0.0, 1e-7, np.pi, 2 * np.pi])
def test_gradient_of_from_rotation_vector_is_finite(length):
    vector = jnp.asarray([0.0, length, 0.0], jnp.float32)
    assert np.isfinite(jax.jacrev(quaternion.from_rotation_vector)(vector)).all()


@pytest.mark.parametrize("function", UNARY.values(), ids=UNARY)
def test_gradients_are_right(function):
    q = jnp.asarray([0.1, -0.5, 0.3, 0.8], jnp.float32)
    check_grads(
        lambda p: function(quaternion.normalize(p)),
        (q,),
        order=1,
        modes=["rev"],
        atol=2e-2,
        rtol=2e-2,
        eps=1e-3,
    )


def test_jax_and_numpy_agree_and_broadcast():
    rng = np.random.default_rng(0)
    q = quaternion.normalize(rng.standard_normal((5, 1, 4)))
    p = quaternion.normalize(rng.standard_normal((1, 7, 4)))
    on_host = quaternion.multiply(q, p)
    on_device = jax.jit(quaternion.multiply)(jnp.asarray(q), jnp.asarray(p))
    assert on_host.shape == (5, 7, 4) and on_host.dtype == np.float64
    assert on_device.dtype == jnp.float32
    np.testing.assert_allclose(on_device, on_host, atol=1e-6)

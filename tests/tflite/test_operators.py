"""Each operator against the same written out in NumPy."""

import struct

import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.tflite import model_file, network, operators

from .files import CUSTOM, Given, Node, every_operator, rows_of, tflite

DRAW = np.random.default_rng(1)


def normal(*shape: int) -> np.ndarray:
    return DRAW.standard_normal(shape).astype(np.float32)


def run(name: str, x: np.ndarray, held: list[np.ndarray], shape, options=None, custom=b""):
    """The result of one operator for a picture [1, …] and constants."""
    tensors = [Given(x.shape), *(Given(each.shape, each) for each in held), Given(shape)]
    last = len(tensors) - 1
    data = tflite(tensors, [Node(name, range(last), last, options, custom)])
    built = network.network(model_file.parse(data))
    return np.asarray(built.apply(built.weights, x[0])[0])[None]


def taps(x: np.ndarray, size: int, stride: int, dilation: int, same: bool):
    """For each output pixel, the pixels under a filter: [row, column, y, x, channel]."""
    reach = (size - 1) * dilation + 1
    if same:
        total = [max((-(-n // stride) - 1) * stride + reach - n, 0) for n in x.shape[1:3]]
        x = np.pad(x, [(0, 0), *((n // 2, n - n // 2) for n in total), (0, 0)])
    return np.array(
        [
            [
                x[0, r : r + reach : dilation, c : c + reach : dilation]
                for c in range(0, x.shape[2] - reach + 1, stride)
            ]
            for r in range(0, x.shape[1] - reach + 1, stride)
        ]
    )


WAYS = [(3, 1, 1, True), (3, 2, 1, True), (3, 2, 1, False), (5, 2, 1, True), (3, 1, 2, True)]


@pytest.mark.parametrize("channels", [3, 8])
@pytest.mark.parametrize(
    ("size", "stride", "dilation", "same"), [*WAYS, (1, 1, 1, True), (1, 2, 1, True)]
)
def test_convolution(size: int, stride: int, dilation: int, same: bool, channels: int):
    x, w, b = normal(1, 8, 11, channels), normal(5, size, size, channels), normal(5)
    expected = np.einsum("rcyxi,oyxi->rco", taps(x, size, stride, dilation, same), w)[None] + b
    sides = {0: ("b", 1 - same), 1: ("i", stride), 2: ("i", stride)}
    sides |= {4: ("i", dilation), 5: ("i", dilation)}
    given = run("CONV_2D", x, [w, b], expected.shape, sides)
    assert np.abs(given - expected).max() < 2e-5
    rectified = run("CONV_2D", x, [w, b], expected.shape, sides | {3: ("b", 3)})
    assert np.abs(rectified - np.clip(expected, 0, 6)).max() < 2e-5


@pytest.mark.parametrize(("size", "stride", "dilation", "same"), WAYS)
def test_depthwise_convolution(size: int, stride: int, dilation: int, same: bool):
    x, w, b = normal(1, 9, 12, 4), normal(1, size, size, 4), normal(4)
    expected = np.einsum("rcyxi,yxi->rci", taps(x, size, stride, dilation, same), w[0])[None] + b
    sides = {0: ("b", 1 - same), 1: ("i", stride), 2: ("i", stride), 3: ("i", 1)}
    sides |= {4: ("b", 1), 5: ("i", dilation), 6: ("i", dilation)}
    given = run("DEPTHWISE_CONV_2D", x, [w, b], expected.shape, sides)
    assert np.abs(given - np.maximum(expected, 0)).max() < 2e-5


def test_transposed_convolution():
    x, w, b = normal(1, 3, 5, 4), normal(2, 2, 2, 4), normal(2)
    expected = np.zeros((1, 6, 10, 2))
    for i, j, p, q in np.ndindex(3, 5, 2, 2):
        expected[0, 2 * i + p, 2 * j + q] = w[:, p, q] @ x[0, i, j] + b
    given = run(CUSTOM, x, [w, b], expected.shape, custom=struct.pack("<3i", 1, 2, 2))
    assert np.abs(given - expected).max() < 1e-5


def test_bilinear_resizing_has_half_pixel_centres():
    x = normal(1, 4, 3, 2)

    def along(x: np.ndarray, axis: int, length: int) -> np.ndarray:
        old = x.shape[axis]
        place = np.clip((np.arange(length) + 0.5) * old / length - 0.5, 0, old - 1)
        first = np.minimum(place.astype(int), old - 2)
        share = (place - first).reshape([-1 if each == axis else 1 for each in range(4)])
        return np.take(x, first, axis) * (1 - share) + np.take(x, first + 1, axis) * share

    expected = along(along(x, 1, 8), 2, 6)
    size = np.array([8, 6], "<i4")
    given = run("RESIZE_BILINEAR", x, [size], expected.shape, {3: ("b", 1)})
    assert np.abs(given - expected).max() < 1e-6


def test_depth_to_space():
    x = normal(1, 2, 3, 8)
    expected = np.zeros((1, 4, 6, 2))
    for i, j, p, q in np.ndindex(2, 3, 2, 2):
        expected[0, 2 * i + p, 2 * j + q] = x[0, i, j, 4 * p + 2 * q :][:2]
    given = run("DEPTH_TO_SPACE", x, [], expected.shape, {0: ("i", 2)})
    assert (given == expected.astype(np.float32)).all()


def test_pools():
    x = normal(1, 4, 6, 3)
    pairs = {0: ("b", 1), 1: ("i", 2), 2: ("i", 2), 3: ("i", 2), 4: ("i", 2)}
    expected = x.reshape(1, 2, 2, 3, 2, 3).max((2, 4))
    assert (run("MAX_POOL_2D", x, [], expected.shape, pairs) == expected).all()
    whole = {1: ("i", 6), 2: ("i", 4), 3: ("i", 6), 4: ("i", 4)}
    mean = x.mean((1, 2), keepdims=True)
    assert np.abs(run("AVERAGE_POOL_2D", x, [], mean.shape, whole) - mean).max() < 1e-6
    axes = np.array([1, 2], "<i4")
    assert np.abs(run("MEAN", x, [axes], mean.shape, {0: ("b", 1)}) - mean).max() < 1e-6


def test_activations():
    x = np.linspace(-8, 8, 33, dtype=np.float32).reshape(1, 33)
    swish = x * np.clip(x + 3, 0, 6) / 6
    for name, expected in {
        "HARD_SWISH": swish,
        "LOGISTIC": 1 / (1 + np.exp(-x)),
        "RELU": np.maximum(x, 0),
        "RELU6": np.clip(x, 0, 6),
    }.items():
        assert np.abs(run(name, x, [], x.shape) - expected).max() < 1e-6


def test_sparse_and_half_precision_weights():
    dense = (normal(5, 1, 1, 7) * (DRAW.random((5, 1, 1, 7)) < 0.3)).astype("<f2")
    values, table = rows_of(dense)
    x, b = normal(1, 2, 2, 7), normal(5)
    tensors = [Given(x.shape), Given(dense.shape, values, table), Given(dense.shape)]
    tensors += [Given(dense.shape), Given(b.shape, b), Given((1, 2, 2, 5))]
    sides = {1: ("i", 1), 2: ("i", 1)}
    nodes = [Node("DENSIFY", [1], 2), Node("DEQUANTIZE", [2], 3)]
    nodes.append(Node("CONV_2D", [0, 3, 4], 5, sides))
    built = network.network(model_file.parse(tflite(tensors, nodes)))
    expected = x[0] @ dense[:, 0, 0].astype(np.float32).T + b
    assert np.abs(np.asarray(built.apply(built.weights, x[0])[0]) - expected).max() < 1e-5


def test_every_operator_that_is_known_is_in_the_tests_network():
    model = model_file.parse(every_operator())
    assert {each.name for each in model.operators} == {*operators.MAKERS, *operators.DECODERS}
    built = network.network(model)
    assert built.output_shapes == ((64,),)
    result = built.apply(built.weights, jnp.ones((8, 8, 4)))[0]
    assert np.isfinite(result).all()
    assert float(result.max()) > 0

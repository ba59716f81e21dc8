"""Networks read from files: refused with a reason, in batches, and in bfloat16."""

import zipfile
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax import tflite
from dvs_jax.errors import InputError

from . import files
from .files import Given, Node

BIAS = np.zeros(4, "<f4")
POINT = np.ones((4, 1, 1, 4), "<f4")
PICTURE = Given((1, 8, 8, 4))
FILTER = Given(POINT.shape, POINT)
ONES = {1: ("i", 1), 2: ("i", 1)}


def convolution(w: Given = FILTER, options=ONES, name="CONV_2D", **more) -> bytes:
    tensors = [PICTURE, w, Given((4,), BIAS), PICTURE]
    return files.tflite(tensors, [Node(name, [0, 1, 2], 3, options)], **more)


NAN = np.full_like(POINT, np.nan)
QUANTISED = np.ones(POINT.shape, np.uint8)

REFUSED = {
    "not say TFL3": b"<html>too much traffic</html>",
    "cut short": convolution()[:200],
    "has 2 graphs": convolution(graphs=2),
    "operator 'SOFTMAX' is not known, but ADD": convolution(name="SOFTMAX"),
    "operator 'MaxUnpooling2D' is not known": convolution(name="MaxUnpooling2D"),
    "an activation, number 4": convolution(options=ONES | {3: ("b", 4)}),
    "a length of 0 pixels": convolution(options={}),
    "a length of 1000000 pixels": convolution(options={1: ("i", 10**6), 2: ("i", 1)}),
    "quantised networks": convolution(Given(POINT.shape, QUANTISED)),
    "not finite": convolution(Given(POINT.shape, NAN)),
    "not as many numbers as its shape": convolution(Given((4, 1, 1, 5), POINT)),
    "impossible shape": convolution(Given((4, 1, 1 << 14, 1 << 14))),
    "channels that do not fit": convolution(Given((4, 1, 1, 2), POINT[..., :2])),
    "makes (1, 4, 4, 4), not (1, 8, 8, 4)": convolution(options={1: ("i", 2), 2: ("i", 2)}),
    "comes before its input": convolution(Given(POINT.shape)),
    "a tensor that it does not have": convolution(inputs=[9]),
    "never computed": convolution(outputs=[1]),
    "no input": convolution(inputs=[]),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_cannot_be_used_is_refused_with_the_reason(reason: str, tmp_path: Path):
    (tmp_path / "a.tflite").write_bytes(REFUSED[reason])
    with pytest.raises(InputError) as caught:
        tflite.load(tmp_path / "a.tflite")
    assert reason in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'a.tflite'}: no network that can be used")


def sparse(change) -> bytes:
    values, table = files.rows_of(POINT)
    change(table)
    tensors = [PICTURE, Given(POINT.shape, values, table), Given(POINT.shape)]
    tensors += [Given((4,), BIAS), PICTURE]
    nodes = [Node("DENSIFY", [1], 2), Node("CONV_2D", [0, 2, 3], 4, ONES)]
    return files.tflite(tensors, nodes)


SPARSE = {
    "known here": lambda table: table.update({0: np.array([0, 2, 1, 3], "<i4")}),
    "in blocks": lambda table: table.update({1: np.array([1], "<i4")}),
    "another shape": lambda table: table[2][0].update({1: ("i", 3)}),
    "not in order": lambda table: table[2][3][3].update({0: np.array([0, 8, 4, 12, 16], "<i4")}),
    "as many values": lambda table: table[2][3][3].update({0: np.array([0, 4, 8, 12, 15], "<i4")}),
    "outside": lambda table: table[2][3][5].update({0: np.full(16, 4, "u1")}),
    "of a type": lambda table: table[2][3].update({4: ("B", 9)}),
}


@pytest.mark.parametrize("reason", SPARSE)
def test_contradictions_in_sparse_weights_are_refused(reason: str, tmp_path: Path):
    (tmp_path / "a.tflite").write_bytes(sparse(SPARSE[reason]))
    with pytest.raises(InputError, match=reason):
        tflite.load(tmp_path / "a.tflite")


def test_a_bundle_is_an_archive_of_networks(tmp_path: Path):
    bundle = tmp_path / "a.task"
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("good.tflite", convolution())
        archive.writestr("bad.tflite", b"bad")
    assert tflite.load(bundle, "good.tflite").output_shapes == ((8, 8, 4),)
    with pytest.raises(InputError, match=r"a\.task: holds no other\.tflite"):
        tflite.load(bundle, "other.tflite")
    with pytest.raises(InputError, match=r"a\.task, bad\.tflite: no network"):
        tflite.load(bundle, "bad.tflite")
    bundle.write_bytes(bundle.read_bytes()[:-30])
    with pytest.raises(InputError, match=r"a\.task: no bundle of models"):
        tflite.load(bundle, "good.tflite")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> tflite.Network:
    path = tmp_path_factory.mktemp("tflite") / "all.tflite"
    path.write_bytes(files.every_operator())
    return tflite.load(path)


def test_batches_are_as_one_by_one(network: tflite.Network):
    pictures = jax.random.normal(jax.random.key(0), (3, *network.input_shapes[0]))
    (together,) = jax.vmap(network.apply, (None, 0))(network.weights, pictures)
    for picture, result in zip(pictures, together, strict=True):
        assert np.abs(network.apply(network.weights, picture)[0] - result).max() < 1e-5


def test_bfloat16_is_near(network: tflite.Network):
    picture = jax.random.normal(jax.random.key(0), network.input_shapes[0])
    (exact,) = network.apply(network.weights, picture)
    (rounded,) = network.apply(tflite.cast(network.weights, jnp.bfloat16), picture)
    assert rounded.dtype == jnp.bfloat16
    # Eight bits of mantissa, through a dozen layers.
    assert np.abs(rounded.astype(jnp.float32) - exact).max() < 0.05 * np.abs(exact).max()


@pytest.mark.slow
def test_weights_have_gradients(network: tflite.Network):
    def total(weights: tflite.Weights) -> jax.Array:
        return network.apply(weights, jnp.ones(network.input_shapes[0]))[0].sum()

    gradients = jax.grad(total)(network.weights)
    assert all(np.isfinite(each).all() for each in gradients.values())
    assert sum(bool(np.abs(each).max() > 0) for each in gradients.values()) >= 5

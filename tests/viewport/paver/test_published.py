"""Published weights: the same network from each kind of file, and what is refused."""

import jax
import numpy as np
import pytest
from flax import nnx

from dvs_jax import checkpoint
from dvs_jax.errors import InputError
from dvs_jax.viewport.paver import published, weights
from tests import torch_files

from .recorded import FILE, HEIGHT, as_google, decoders, timms, transformer


@pytest.fixture
def pt(golden, tmp_path):
    """PAVER's file, with what it computes anew."""
    computed = {"sph_basis": np.zeros((4, 4)), "adjacency_matrix": np.zeros((2, 2))}
    tensors = dict(decoders(golden)) | computed
    return torch_files.save(tmp_path / "paver.pt", {"epoch": 3, "model": tensors})


@pytest.fixture
def vit(golden, tmp_path):
    head = {"head.weight": np.zeros((10, 64)), "head.bias": np.zeros(10)}
    return torch_files.save(tmp_path / "vit.pth", timms(golden) | head)


def assert_same(one, other):
    jax.tree.map(np.testing.assert_array_equal, *(nnx.to_pure_dict(nnx.state(each, nnx.Param))
                                                  for each in (one, other)))  # fmt: skip


def test_googles_file_is_timms(golden, tmp_path):
    file = tmp_path / "B_16.npz"
    np.savez(file, **as_google(timms(golden)))
    found = published.transformer(file, HEIGHT)
    assert found.of == transformer(golden).of
    assert_same(found, transformer(golden))


def test_a_network_comes_from_both_files_and_from_what_was_converted(golden, pt, vit, tmp_path):
    network = weights.load(pt, vit)
    assert (network.of.height, network.of.blocks, network.of.heads) == (224, 2, 1)
    weights.save_decoder(network.decoder, tmp_path / "decoder")
    weights.save_transformer(network.transformer, tmp_path / "transformer")
    again = weights.load(tmp_path / "decoder", tmp_path / "transformer", bilinear=True)
    assert_same(network, again)
    assert again.of.bilinear and again.transformer.of.bilinear


def test_parts_that_do_not_fit_are_refused(pt, tmp_path, golden):
    of = published.decoder(decoders(golden), FILE)
    weights.save_decoder(of, tmp_path / "decoder")
    with pytest.raises(InputError, match=r"decoder: holds no paver-transformer, but a model of"):
        weights.load(pt, tmp_path / "decoder")
    wide = {name: np.repeat(each, 2, 0) for name, each in decoders(golden).items()}
    with pytest.raises(InputError, match="has shape"):
        published.decoder(wide, FILE)


def test_another_systems_checkpoint_is_refused_in_one_line(tmp_path, vit):
    checkpoint.save(tmp_path / "fused", {"a": np.ones(2)}, {"kind": "fused"})
    with pytest.raises(InputError, match=r"holds no paver-decoder, but a model of 'fused'") as told:
        weights.load(tmp_path / "fused", vit)
    assert "\n" not in str(told.value)


def test_what_is_none_of_these_is_refused_in_one_line(golden, pt, vit, tmp_path):
    with pytest.raises(InputError, match=r"vit\.pth: holds no decoder of PAVER"):
        weights.load(vit, vit)
    with pytest.raises(InputError, match=r"paver\.pt: holds no vision transformer of timm"):
        weights.load(pt, pt)
    np.savez(tmp_path / "a.npz", flow=np.zeros(3))
    with pytest.raises(InputError, match=r"a\.npz: holds no vision transformer of Google's"):
        published.transformer(tmp_path / "a.npz")
    (tmp_path / "b.npz").write_bytes(b"rubbish")
    with pytest.raises(InputError, match=r"b\.npz: no \.npz file of arrays, or damaged"):
        published.transformer(tmp_path / "b.npz")
    np.savez_compressed(tmp_path / "c.npz", flow=np.zeros(10**6))
    with pytest.raises(InputError, match=r"c\.npz: unpacks to far more than its own size"):
        published.transformer(tmp_path / "c.npz")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"patch_embed.proj.weight": np.zeros((64, 3, 32, 32))}, "not of 16 × 16 pixels"),
        ({"pos_embed": np.zeros((1, 8, 64))}, "not of a class token and a square"),
        ({"norm.weight": None}, "norm.weight is a NoneType, not a tensor"),
        ({"blocks.0.mlp.fc1.weight": np.zeros((3, 64))}, "has shape"),
        ({"extra": np.zeros(3)}, "extra"),
    ],
)
def test_tensors_that_do_not_fit_are_named(golden, change, message):
    with pytest.raises(InputError, match=message):
        published.from_timm(timms(golden) | change, FILE, HEIGHT, heads=4)


def test_google_without_a_key_is_refused(golden):
    arrays = as_google(timms(golden))
    del arrays["Transformer/encoderblock_0/MultiHeadDotProductAttention_1/key/kernel"]
    with pytest.raises(InputError, match="has no key and value of its shape beside it"):
        published.from_google(arrays, FILE, HEIGHT)

import jax
import numpy as np
import pytest
from flax import nnx

from dvs_jax import checkpoint, torch_file
from dvs_jax.errors import InputError
from dvs_jax.fused import convert, weights
from dvs_jax.fused.architecture import Architecture, Convolution, FullyConnected
from dvs_jax.fused.network import FusedNetwork


def small(**fields):
    layers = (FullyConnected(6, "tanh"), FullyConnected(4))
    architecture = Architecture(flow=False, lstm=(5, 7), fully_connected=layers, **fields)
    return FusedNetwork(architecture, nnx.Rngs(2))


def turn_of(network, x):
    return network.core(network.core.initial_state(), x)[1]


def test_orbax_round_trip(tmp_path):
    network = small(convolutions=(Convolution(3, batch_norm=True),))
    network.eval()
    weights.save(network, tmp_path / "model")
    again = weights.load(tmp_path / "model")
    assert again.architecture == network.architecture
    x = np.linspace(-1.0, 1.0, 92, dtype=np.float32)
    np.testing.assert_array_equal(turn_of(again, x), turn_of(network, x))


def test_dropout_survives_loading_and_saving_again(tmp_path):
    layers = (FullyConnected(6, "relu", dropout=0.3), FullyConnected(4))
    architecture = Architecture(flow=False, lstm=(5,), fully_connected=layers)
    network = FusedNetwork(architecture, nnx.Rngs(0))
    network.eval()
    weights.save(network, tmp_path / "first")
    weights.save(weights.load(tmp_path / "first"), tmp_path / "second")
    again = weights.load(tmp_path / "second")
    assert again.architecture == architecture
    x = np.linspace(-1.0, 1.0, 92, dtype=np.float32)
    np.testing.assert_array_equal(turn_of(again, x), turn_of(network, x))


def test_an_official_file_and_its_conversion_are_the_same(tmp_path, golden, official_network):
    weights.save(official_network, tmp_path / "converted")
    converted = weights.load(tmp_path / "converted")
    direct = weights.load(golden / "dvs/random.checkpoint")
    assert converted.architecture == direct.architecture
    assert direct.architecture == Architecture(official=True)
    for ours, theirs in zip(
        jax.tree.leaves(nnx.state(converted)), jax.tree.leaves(nnx.state(direct)), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_official_layer_sizes_are_read_off_the_tensors(tmp_path):
    content = official_content(lstm=(6, 5), connected=(3, 4), features=92)
    network = convert.from_official(content, tmp_path / "x.checkpoint")
    assert network.architecture.lstm == (6, 5)
    assert not network.architecture.flow
    expected = (FullyConnected(3, "tanh"), FullyConnected(4))
    assert network.architecture.fully_connected == expected


def official_content(lstm, connected, features):
    rng = np.random.default_rng(0)
    tensors, inputs = {}, features
    for i, hidden in enumerate(lstm):
        for name, shape in {
            "weight_ih": (4 * hidden, inputs),
            "weight_hh": (4 * hidden, hidden),
            "bias_ih": (4 * hidden,),
            "bias_hh": (4 * hidden,),
        }.items():
            tensors[f"rnns.{i}.LSTM.{name}"] = rng.standard_normal(shape, np.float32)
        inputs = hidden
    for i, outputs in enumerate(connected):
        tensors[f"fcs.{i}.fc.weight"] = rng.standard_normal((outputs, inputs), np.float32)
        tensors[f"fcs.{i}.fc.bias"] = rng.standard_normal(outputs, np.float32)
        inputs = outputs
    return {"state_dict": tensors, "fc": {"activate_function": "tanh", "drop_out": 0.2}}


def test_a_tensor_that_does_not_fit_is_named(tmp_path):
    content = official_content(lstm=(6, 5), connected=(3, 4), features=92)
    content["state_dict"]["rnns.1.LSTM.weight_ih"] = np.zeros((20, 9), np.float32)
    with pytest.raises(InputError, match=r"rnns\.1\.LSTM\.weight_ih.*\(20, 9\).*\(20, 6\)"):
        convert.from_official(content, tmp_path / "x.checkpoint")
    content = official_content(lstm=(6, 5), connected=(3, 4), features=156)
    with pytest.raises(InputError, match=r"missing.*unet\."):
        convert.from_official(content, tmp_path / "x.checkpoint")


def test_an_orbax_tensor_that_does_not_fit_is_named(tmp_path):
    network = small()
    state = nnx.to_pure_dict(nnx.state(network, nnx.Param))
    state["core"]["lstm"][0]["recurrent"]["kernel"] = np.zeros((5, 3), np.float32)
    weights.save(network, tmp_path / "good")
    _, metadata = checkpoint.load(tmp_path / "good")
    checkpoint.save(tmp_path / "bad", state, metadata)
    with pytest.raises(InputError, match=r"core\.lstm\.0\.recurrent\.kernel.*\(5, 3\).*\(5, 20\)"):
        weights.load(tmp_path / "bad")


def test_other_files_are_refused(tmp_path, published_models):
    with pytest.raises(InputError, match="no official DVS checkpoint"):
        weights.load(published_models / "raft-small.pth")
    with pytest.raises(InputError, match="no such file"):
        weights.load(tmp_path / "nothing")
    checkpoint.save(tmp_path / "other", {"a": np.zeros(1)}, {"kind": "stabnet"})
    with pytest.raises(InputError, match="stabnet"):
        weights.load(tmp_path / "other")


def test_convolutional_checkpoints_are_refused_by_name(tmp_path):
    content = official_content(lstm=(6,), connected=(4,), features=92)
    content["state_dict"]["convs.0.conv.weight"] = np.zeros((1, 1, 1, 3), np.float32)
    with pytest.raises(InputError, match="convolutions"):
        convert.from_official(content, tmp_path / "x.checkpoint")


def test_torch_file_is_read_without_torch(golden):
    import sys

    torch_file.read(golden / "dvs/random.checkpoint")
    assert "torch" not in sys.modules

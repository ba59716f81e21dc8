import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dvs_jax import checkpoint, torch_file
from dvs_jax.errors import InputError
from dvs_jax.fused import architecture, convert, weights
from dvs_jax.fused.architecture import Architecture, Convolution, FullyConnected
from dvs_jax.fused.network import FusedNetwork


def small(**fields):
    layers = (FullyConnected(6, "tanh"), FullyConnected(4))
    described = Architecture(flow=False, lstm=(5, 7), fully_connected=layers, **fields)
    return FusedNetwork(described, nnx.Rngs(2))


def turn_of(network, x):
    return network.core(network.core.initial_state(), x)[1]


@pytest.mark.slow
def test_orbax_round_trip(tmp_path):
    network = small(convolutions=(Convolution(3, batch_norm=True),))
    network.eval()
    weights.save(network, tmp_path / "model")
    again = weights.load(tmp_path / "model")
    assert again.architecture == network.architecture
    x = np.linspace(-1.0, 1.0, 92, dtype=np.float32)
    np.testing.assert_array_equal(turn_of(again, x), turn_of(network, x))


@pytest.mark.slow
def test_dropout_survives_loading_and_saving_again(tmp_path):
    layers = (FullyConnected(6, "relu", dropout=0.3), FullyConnected(4))
    described = Architecture(flow=False, lstm=(5,), fully_connected=layers)
    network = FusedNetwork(described, nnx.Rngs(0))
    network.eval()
    weights.save(network, tmp_path / "first")
    weights.save(weights.load(tmp_path / "first"), tmp_path / "second")
    again = weights.load(tmp_path / "second")
    assert again.architecture == described
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


def test_an_orbax_tensor_that_is_not_finite_is_named(tmp_path):
    network = small()
    network.core.fully_connected[1].linear.bias[...] = jnp.full(4, jnp.nan)
    weights.save(network, tmp_path / "diverged")
    with pytest.raises(InputError, match=r"diverged: core\.fully_connected\.1\.linear\.bias"):
        weights.load(tmp_path / "diverged")


def test_other_files_are_refused(tmp_path, published_models):
    with pytest.raises(InputError, match="no official DVS checkpoint"):
        weights.load(published_models / "raft-small.pth")
    with pytest.raises(InputError, match="no such file"):
        weights.load(tmp_path / "nothing")
    checkpoint.save(tmp_path / "other", {"a": np.zeros(1)}, {"kind": "stabnet"})
    with pytest.raises(InputError, match="stabnet"):
        weights.load(tmp_path / "other")


def convolutional_content(batch_norm=True):
    """Two convolutions, by hand: 92 → 46 at stride 2 → 15 pooled, 3 channels → 16, 2 channels.

    The numbers are small, so that no activation saturates and hides an error.
    """
    content = official_content(lstm=(6, 5), connected=(3, 4), features=2 * 16)
    rng = np.random.default_rng(5)
    for i, (inputs, channels, kernel) in enumerate([(1, 3, 5), (3, 2, 4)]):
        added = {
            "conv.weight": 0.3 * rng.standard_normal((channels, inputs, 1, kernel)),
            "conv.bias": 0.3 * rng.standard_normal(channels),
        }
        if batch_norm:
            added |= {
                "batch_norm.weight": 0.005 * rng.standard_normal(channels),
                "batch_norm.bias": 0.1 * rng.standard_normal(channels),
                "batch_norm.running_mean": 0.3 * rng.standard_normal(channels),
                # Small enough for batch normalisation's epsilon to be seen.
                "batch_norm.running_var": rng.uniform(1e-5, 1e-4, channels),
                "batch_norm.num_batches_tracked": np.array(3),
            }
        content["state_dict"] |= {f"convs.{i}.{name}": value for name, value in added.items()}
    layers = [
        ["(1, 3)", "(1, 5)", "(1, 2)", "(0, 2)", "(1, 3)"],
        ["(3,2)", "(1,4)", "(1,1)", "(0,2)", "None"],
    ]
    content["cnn"] = {"layers": layers, "activate_function": "tanh", "gap": False}
    content["cnn"]["batch_norm"] = batch_norm
    return content


def convolved_by_hand(x, tensors, prefix, stride, padding, pool):
    """One official layer on x [channel, position]."""
    kernel = tensors[f"{prefix}.conv.weight"][:, :, 0]
    x = np.pad(x, [(0, 0), (padding, padding)])
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[2], axis=1)[:, ::stride]
    x = np.einsum("cpk,ock->op", windows, kernel) + tensors[f"{prefix}.conv.bias"][:, None]
    norm = {name: tensors.get(f"{prefix}.batch_norm.{name}") for name in BATCH_NORM}
    if norm["weight"] is not None:
        mean, variance, scale, shift = (norm[name][:, None] for name in BATCH_NORM)
        x = (x - mean) / np.sqrt(variance + 1e-5) * scale + shift
    x = np.tanh(x)
    whole = x[:, : x.shape[1] // pool * pool]
    return whole.reshape(len(x), -1, pool).max(axis=2)


BATCH_NORM = ("running_mean", "running_var", "weight", "bias")


def turn_by_hand(x, tensors):
    """The official network's first step from a state of zeros."""
    x = convolved_by_hand(x[None], tensors, "convs.0", stride=2, padding=2, pool=3)
    x = convolved_by_hand(x, tensors, "convs.1", stride=1, padding=2, pool=1).reshape(-1)
    for i in range(2):
        prefix = f"rnns.{i}.LSTM"
        gates = tensors[f"{prefix}.weight_ih"] @ x
        gates = gates + tensors[f"{prefix}.bias_ih"] + tensors[f"{prefix}.bias_hh"]
        enter, _, candidate, leave = np.split(gates, 4)
        cell = np.tanh(candidate) / (1 + np.exp(-enter))
        x = np.tanh(cell) / (1 + np.exp(-leave))
    x = np.tanh(tensors["fcs.0.fc.weight"] @ x + tensors["fcs.0.fc.bias"])
    x = tensors["fcs.1.fc.weight"] @ x + tensors["fcs.1.fc.bias"]
    return x / np.linalg.norm(x)


@pytest.mark.slow
@pytest.mark.parametrize("batch_norm", [True, False])
def test_convolutions_before_the_lstm_are_converted(tmp_path, batch_norm):
    content = convolutional_content(batch_norm)
    weights.save(convert.from_official(content, tmp_path / "x"), tmp_path / "converted")
    network = weights.load(tmp_path / "converted")
    assert not network.architecture.flow
    assert network.architecture.convolutions == (
        Convolution(3, 5, 2, 3, batch_norm, "tanh"),
        Convolution(2, 4, 1, 1, batch_norm, "tanh"),
    )
    x = np.random.default_rng(0).standard_normal(92).astype(np.float32)
    wanted = turn_by_hand(x.astype(np.float64), content["state_dict"])
    np.testing.assert_allclose(turn_of(network, x), wanted, atol=1e-5)


FIRST = ["(1,3)", "(1,5)", "(1,2)", "(0,2)", "(1,3)"]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"gap": True}, "cnn.gap"),
        ({"activate_function": None}, "cnn.activate_function is None"),
        ({"batch_norm": False}, "unexpected: state_dict.convs.0.batch_norm.weight"),
        ({"layers": None}, "unexpected: state_dict.convs.0.conv.weight"),
        ({"layers": "(1,3)"}, "cnn.layers is a str"),
        ({"layers": ["(1,3)"]}, "cnn.layers.0 is '(1,3)'"),
        ({"layers": [FIRST[:4]]}, "cnn.layers.0 is ['(1,3)'"),
        ({"layers": [["None", *FIRST[1:]]]}, "pairs of whole numbers"),
        ({"layers": [[*FIRST[:4], "3"]]}, "pairs of whole numbers"),
        ({"layers": [[*FIRST[:3], "(0,0)", "None"]]}, "cnn.layers.0 pads a kernel of 5 by 0"),
        ({"layers": [[FIRST[0], "(3,5)", *FIRST[2:]]]}, "one pixel high"),
        ({"layers": [[*FIRST[:2], "(1,0)", *FIRST[3:]]]}, "one pixel high"),
        ({"layers": [[*FIRST[:4], "(1,100)"]]}, "leave 0 numbers"),
        ({"layers": [["(1,9)", *FIRST[1:]]]}, "convs.0.conv.weight has shape (3, 1, 1, 5)"),
    ],
    ids=str,
)
def test_convolutions_that_are_not_supported_are_refused_by_name(tmp_path, settings, named):
    content = convolutional_content()
    content["cnn"] |= settings
    with pytest.raises(InputError, match=re.escape(named)) as caught:
        convert.from_official(content, tmp_path / "x.checkpoint")
    assert str(caught.value).startswith(f"{tmp_path / 'x.checkpoint'}: ")


def test_torch_file_is_read_without_torch(golden):
    import sys

    torch_file.read(golden / "dvs/random.checkpoint")
    assert "torch" not in sys.modules


LSTM = "rnns.0.LSTM"
LAST = "fcs.1.fc"


def renamed(tensors, old):
    tensors[f"{old}_before"] = tensors.pop(old)


def wider(tensors):
    tensors[f"{LAST}.weight"] = np.zeros((5, 3), np.float32)
    tensors[f"{LAST}.bias"] = np.zeros(5, np.float32)


DAMAGE = {
    "state_dict": lambda content: content.update(state_dict=[1, 2]),
    "state_dict has the key 7": lambda content: content["state_dict"].update({7: np.zeros(1)}),
    "unet is a ndarray": lambda content: content.update(unet=np.zeros(3)),
    f"missing: state_dict.{LSTM}.weight_ih": lambda content: renamed(
        content["state_dict"], f"{LSTM}.weight_ih"
    ),
    f"missing: state_dict.{LSTM}.bias_hh": lambda content: renamed(
        content["state_dict"], f"{LSTM}.bias_hh"
    ),
    f"{LSTM}.weight_hh is missing": lambda content: renamed(
        content["state_dict"], f"{LSTM}.weight_hh"
    ),
    "fcs.0.fc.weight is missing": lambda content: renamed(content["state_dict"], "fcs.0.fc.weight"),
    f"{LSTM}.weight_hh has shape ()": lambda content: content["state_dict"].update(
        {f"{LSTM}.weight_hh": np.zeros((), np.float32)}
    ),
    f"{LSTM}.weight_ih has shape (0, 92)": lambda content: content["state_dict"].update(
        {f"{LSTM}.weight_ih": np.zeros((0, 92), np.float32)}
    ),
    f"{LSTM}.bias_ih is a str": lambda content: content["state_dict"].update(
        {f"{LSTM}.bias_ih": "zeros"}
    ),
    f"{LSTM}.bias_ih holds numbers that are not finite": lambda content: content[
        "state_dict"
    ].update({f"{LSTM}.bias_ih": np.full(24, np.nan, np.float32)}),
    f"{LAST}.bias holds numbers that are not finite": lambda content: content["state_dict"].update(
        {f"{LAST}.bias": np.full(4, 1e300)}
    ),
    f"{LAST}.weight, gives 5": lambda content: wider(content["state_dict"]),
    "fc is a str": lambda content: content.update(fc="tanh"),
    "fc.activate_function is None": lambda content: content["fc"].update(activate_function=None),
    "fc.activate_function is 'zig'": lambda content: content["fc"].update(activate_function="zig"),
    "fc.batch_norm is array": lambda content: content["fc"].update(batch_norm=np.zeros(2)),
}


@pytest.mark.parametrize("named", DAMAGE)
def test_a_damaged_official_file_is_refused_by_name(tmp_path, named):
    content = official_content(lstm=(6, 5), connected=(3, 4), features=92)
    DAMAGE[named](content)
    with pytest.raises(InputError, match=re.escape(named)) as caught:
        convert.from_official(content, tmp_path / "x.checkpoint")
    assert str(caught.value).startswith(f"{tmp_path / 'x.checkpoint'}: ")


def test_a_negative_variance_is_refused_by_name(tmp_path):
    content = convolutional_content()
    content["state_dict"]["convs.1.batch_norm.running_var"] = np.array([1.0, -0.1])
    with pytest.raises(InputError, match=r"convs\.1\.batch_norm\.running_var is a variance"):
        convert.from_official(content, tmp_path / "x.checkpoint")


def test_a_renamed_tensor_of_the_recorded_file_is_named(golden):
    file = golden / "dvs/random.checkpoint"
    content = torch_file.read(file)
    renamed(content["state_dict"], "rnns.0.LSTM.weight_ih")
    with pytest.raises(InputError, match=r"missing: state_dict\.rnns\.0\.LSTM\.weight_ih;"):
        convert.from_official(content, file)


def test_an_activation_is_known_in_any_case_and_weights_of_any_width(tmp_path):
    content = official_content(lstm=(6, 5), connected=(3, 4), features=92)
    content["fc"]["activate_function"] = "ReLU"
    for name, tensor in content["state_dict"].items():
        content["state_dict"][name] = tensor.astype(np.float64)
    network = convert.from_official(content, tmp_path / "x.checkpoint")
    assert network.architecture.fully_connected[0] == FullyConnected(3, "relu")
    assert {leaf.dtype for leaf in jax.tree.leaves(nnx.state(network))} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"lstm": ["a"]}, "lstm.0 is 'a'"),
        ({"lstm": []}, "lstm is ()"),
        ({"lstm": 3}, "not iterable"),
        ({"flow": "yes"}, "flow is 'yes'"),
        ({"zig": 1}, "zig"),
        ({"fully_connected": [{"features": 5}]}, "which is 4) is [5]"),
        ({"fully_connected": []}, "which is 4) is []"),
        (
            {"fully_connected": [{"features": 4, "activation": "zig"}]},
            "fully_connected.0.activation is 'zig'",
        ),
        (
            {"fully_connected": [{"features": 4, "activation": ["relu"]}]},
            "fully_connected.0.activation is ['relu']",
        ),
        (
            {"fully_connected": [{"features": 4, "dropout": 1.5}]},
            "fully_connected.0.dropout is 1.5",
        ),
        ({"lstm": [10**12]}, "lstm.0 is 1000000000000"),
        ({"lstm": [512] * 100_000}, "lstm (how many) is 100000"),
        ({"convolutions": [{"channels": 2, "pool": 200}]}, "they leave) is 0"),
        ({"convolutions": [{"channels": 2, "stride": 0}]}, "convolutions.0.stride is 0"),
        ({"convolutions": [{"channels": 2, "batch_norm": 1}]}, "convolutions.0.batch_norm is 1"),
    ],
    ids=lambda value: str(value)[:80],
)
def test_an_impossible_description_is_refused_by_name(tmp_path, fields, named):
    description = architecture.to_dict(Architecture()) | fields
    metadata = {"kind": weights.KIND, "architecture": description}
    checkpoint.save(tmp_path / "bad", {"a": np.zeros(1)}, metadata)
    with pytest.raises(InputError, match=re.escape(named)) as caught:
        weights.load(tmp_path / "bad")
    assert str(caught.value).startswith(f"{tmp_path / 'bad'}: ")


@pytest.mark.parametrize("metadata", [{}, {"architecture": None}, {"architecture": "dvs"}], ids=str)
def test_a_folder_without_a_description_is_refused(tmp_path, metadata):
    checkpoint.save(tmp_path / "bad", {"a": np.zeros(1)}, {"kind": weights.KIND} | metadata)
    with pytest.raises(InputError, match="bad: holds no description of a fused network"):
        weights.load(tmp_path / "bad")

import jax
import numpy as np
import pytest
from flax import nnx

from dvs_jax.errors import InputError
from dvs_jax.flow import raft_weights
from dvs_jax.flow.raft_network import LARGE, SMALL

from .weights import published_small, recipe


@pytest.fixture(scope="module")
def official(golden) -> dict[str, np.ndarray]:
    return recipe(golden / "raft" / "raft_small_keys.txt")


def _leaves(network) -> list[np.ndarray]:
    return jax.tree.leaves(nnx.state(network))


def test_keys_with_and_without_module_are_one(official):
    prefixed = {f"module.{key}": value for key, value in official.items()}
    one, other = (raft_weights.converted(weights, "a") for weights in (official, prefixed))
    assert all(jax.tree.leaves(jax.tree.map(np.array_equal, one, other)))


@pytest.mark.parametrize(("name", "size"), [("small", SMALL), ("large", LARGE)])
def test_the_size_is_read_off_the_weights(golden, name, size):
    weights = raft_weights.converted(recipe(golden / "raft" / f"raft_{name}_keys.txt"), "a")
    assert raft_weights.network(weights, "a").size == size


@pytest.mark.slow
def test_a_converted_file_is_the_published_one(tmp_path, published_models):
    path = published_small(published_models)
    raft_weights.convert(path, tmp_path / "small")
    one, other = raft_weights.load(path), raft_weights.load(tmp_path / "small")
    assert one.size == other.size == SMALL
    assert all(map(np.array_equal, _leaves(one), _leaves(other)))


def test_batch_norm_is_folded_exactly(golden):
    """The stem of the context encoder, against the normalisation written out."""
    official = recipe(golden / "raft" / "raft_large_keys.txt")
    folded = raft_weights.converted(official, "a")["context_encoder"]["stem"]
    column = np.random.default_rng(0).standard_normal(7 * 7 * 3)
    raw = official["cnet.conv1.weight"].transpose(2, 3, 1, 0).reshape(-1, 64)
    norm = {
        name: official[f"cnet.norm1.{name}"]
        for name in ("weight", "bias", "running_mean", "running_var")
    }
    before = column @ raw + official["cnet.conv1.bias"]
    after = (before - norm["running_mean"]) / np.sqrt(norm["running_var"] + 1e-5)
    expected = after * norm["weight"] + norm["bias"]
    assert (
        np.abs(column @ folded["kernel"].reshape(-1, 64) + folded["bias"] - expected).max() < 1e-4
    )


def test_what_are_no_raft_weights_is_named(official):
    key = "update_block.gru.convz.weight"
    for damaged, message in (
        ({k: v for k, v in official.items() if k != key}, f"{key!r} is missing"),
        ({**official, "extra.weight": np.zeros(3)}, "not part of the network, such as 'extra"),
        ({**official, key: np.full((96, 242, 3, 3), np.nan)}, "not finite"),
        ({**official, key: np.zeros((96, 242))}, "shapes do not fit together"),
        ({**official, "update_block.encoder.conv.weight": np.zeros(())}, "shapes do not fit"),
        ({"state": 3}, "'fnet.conv1.weight' is missing"),
    ):
        with pytest.raises(InputError, match=r"^bad\.pth: ") as caught:
            raft_weights.converted(damaged, "bad.pth")
        assert message in str(caught.value)


def test_weights_of_another_shape_are_named(official):
    wide = {**official, "fnet.conv1.weight": np.zeros((32, 4, 7, 7), np.float32)}
    with pytest.raises(InputError, match=r"bad\.pth: .*feature_encoder\.stem\.kernel"):
        raft_weights.network(raft_weights.converted(wide, "bad.pth"), "bad.pth")


def test_a_file_that_is_no_checkpoint_is_named(tmp_path):
    (tmp_path / "bad.pth").write_bytes(b"hello")
    with pytest.raises(InputError, match=r"bad\.pth"):
        raft_weights.load(tmp_path / "bad.pth")
    with pytest.raises(InputError, match=r"none\.pth"):
        raft_weights.load(tmp_path / "none.pth")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="folder"):
        raft_weights.load(tmp_path / "folder")


def test_keys_that_are_no_names_are_passed_over(official):
    more = official | {7: np.zeros(1), None: np.zeros(1), "epoch": 3}
    assert raft_weights.converted(more, "a").keys() == raft_weights.converted(official, "a").keys()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.ones((3000, 1, 1, 1)), r"'cnet\.norm1\.running_var' has shape \(3000, 1, 1, 1\)"),
        (np.full(64, -1.0), r"'cnet\.norm1\.running_var' holds negative numbers"),
    ],
)
def test_a_batch_norm_that_is_none_is_named(golden, values, message):
    weights = recipe(golden / "raft" / "raft_large_keys.txt")
    weights["cnet.norm1.running_var"] = values
    with pytest.raises(InputError, match=message):
        raft_weights.converted(weights, "a.pth")

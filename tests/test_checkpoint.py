"""Checkpoints survive the disk, other devices and damage."""

import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import virtual_devices
from flax import nnx

from dvs_jax import checkpoint
from dvs_jax.errors import InputError

METADATA = {"kind": "fused", "layers": [512, 512], "official": True, "cnn": None}


class Network(nnx.Module):
    def __init__(self, seed: int):
        rngs = nnx.Rngs(seed)
        self.layers = nnx.List([nnx.Linear(3, 4, rngs=rngs), nnx.Linear(4, 2, rngs=rngs)])
        self.norm = nnx.BatchNorm(4, rngs=rngs)


def state_of(network: Network) -> nnx.State:
    return nnx.state(network, (nnx.Param, nnx.BatchStat))


def assert_same(a: dict, b: dict) -> None:
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        assert x.dtype == y.dtype and x.shape == y.shape
        np.testing.assert_array_equal(x, y)


def test_a_network_comes_back_as_it_was(tmp_path: Path):
    saved = Network(0)
    checkpoint.save(tmp_path / "new" / "model", nnx.to_pure_dict(state_of(saved)), METADATA)

    state, metadata = checkpoint.load(tmp_path / "new" / "model")

    assert metadata == METADATA
    assert all(type(leaf) is np.ndarray for leaf in jax.tree.leaves(state))
    blank = state_of(Network(1))
    nnx.replace_by_pure_dict(blank, state)
    assert_same(nnx.to_pure_dict(blank), nnx.to_pure_dict(state_of(saved)))


def test_every_dtype_and_layout_comes_back(tmp_path: Path):
    state = {
        "numpy": {
            "float64": np.array([1 / 3]),
            "int64": np.array([2**40]),
            "bool": np.array([[True], [False]]),
            "half": np.ones((2, 1, 3), np.float16),
            "scalar": np.array(7, np.uint8),
            "columns first": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
            "every other": np.arange(10)[::2],
        },
        "jax": {"bfloat16": jnp.arange(3, dtype=jnp.bfloat16), "int32": jnp.arange(4)},
    }
    checkpoint.save(tmp_path / "model", state, {})
    assert_same(checkpoint.load(tmp_path / "model")[0], state)


SAVE_ON_FOUR_DEVICES = """
import sys, jax, numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from dvs_jax import checkpoint
assert jax.device_count() == 4
mesh = Mesh(np.array(jax.devices()), ("data",))
place = lambda *spec: NamedSharding(mesh, PartitionSpec(*spec))
state = {"sharded": jax.device_put(np.arange(24.0, dtype="f4").reshape(8, 3), place("data")),
         "replicated": jax.device_put(np.arange(5), place())}
checkpoint.save(sys.argv[1], state, {"devices": 4})
"""


@pytest.mark.slow
def test_a_state_sharded_over_four_devices_loads_on_one_without_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    environment = os.environ | {
        "XLA_FLAGS": virtual_devices.flags(4),
        "JAX_PLATFORMS": "cpu",
    }
    command = [sys.executable, "-c", SAVE_ON_FOUR_DEVICES, str(tmp_path / "model")]
    subprocess.run(command, env=environment, check=True)
    # absl does not propagate to the root logger, where caplog listens.
    logging.getLogger("absl").addHandler(caplog.handler)
    try:
        state, metadata = checkpoint.load(tmp_path / "model")
    finally:
        logging.getLogger("absl").removeHandler(caplog.handler)

    assert metadata == {"devices": 4}
    expected = np.arange(24, dtype=np.float32).reshape(8, 3)
    assert_same(state, {"sharded": expected, "replicated": np.arange(5, dtype=np.int32)})
    assert [r.message for r in caplog.records if r.levelno >= logging.WARNING] == []


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good") / "model"
    rng = np.random.default_rng(0)
    checkpoint.save(folder, {"a": {"w": rng.standard_normal((30, 40))}, "b": np.ones(5)}, METADATA)
    return folder


def test_an_existing_folder_is_left_alone(good: Path):
    with pytest.raises(InputError, match="model: exists already"):
        checkpoint.save(good, {"other": np.zeros(1)}, {})
    assert checkpoint.load(good)[1] == METADATA


def test_a_failed_save_leaves_nothing_under_the_name(tmp_path: Path):
    with pytest.raises(InputError, match=r"model: cannot be written: .*zero size"):
        checkpoint.save(tmp_path / "model", {"a": np.ones((0, 2))}, {})
    assert not (tmp_path / "model").exists()


def test_metadata_beyond_json_stops_before_anything_is_written(tmp_path: Path):
    with pytest.raises(TypeError, match="not JSON serializable"):
        checkpoint.save(tmp_path / "model", {"a": np.ones(2)}, {"a": object()})
    assert list(tmp_path.iterdir()) == []


def test_what_an_interrupted_save_left_is_no_hindrance(tmp_path: Path):
    stale = tmp_path / "model.orbax-checkpoint-tmp" / "state"
    stale.mkdir(parents=True)
    (stale / "_METADATA").write_text("half")
    checkpoint.save(tmp_path / "model", {"a": np.ones(2)}, {})
    assert_same(checkpoint.load(tmp_path / "model")[0], {"a": np.ones(2)})
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_an_unwritable_folder_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file/model: cannot be written: Not a directory"):
        checkpoint.save(tmp_path / "file" / "model", {"a": np.ones(2)}, {})


def test_what_is_no_checkpoint_is_told(good: Path, tmp_path: Path):
    with pytest.raises(InputError, match="absent: no such folder"):
        checkpoint.load(tmp_path / "absent")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file: no such folder"):
        checkpoint.load(tmp_path / "file")
    with pytest.raises(InputError, match="no state folder"):
        checkpoint.load(tmp_path)
    shutil.copytree(good, tmp_path / "model")
    shutil.rmtree(tmp_path / "model" / "metadata")
    with pytest.raises(InputError, match=r"model: .*no metadata folder"):
        checkpoint.load(tmp_path / "model")


# Reads still under way when one fails complain to no one in particular.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("damage", ["deleted", "emptied", "halved"])
def test_damage_to_any_file_is_told_or_harmless(good: Path, damage: str, tmp_path: Path):
    """Orbax leaves behind some files that no reader needs."""
    expected, told = checkpoint.load(good)[0], []
    for file in sorted(path.relative_to(good) for path in good.rglob("*") if path.is_file()):
        shutil.rmtree(tmp_path / "model", ignore_errors=True)
        shutil.copytree(good, tmp_path / "model")
        content = (tmp_path / "model" / file).read_bytes()
        if damage == "deleted":
            (tmp_path / "model" / file).unlink()
        else:
            kept = 0 if damage == "emptied" else len(content) // 2
            (tmp_path / "model" / file).write_bytes(content[:kept])
        try:
            state, metadata = checkpoint.load(tmp_path / "model")
        except InputError as error:
            assert "model: damaged checkpoint: " in str(error)
            told.append(file.as_posix())
        else:
            assert_same(state, expected)
            assert metadata == METADATA
    assert {"metadata/metadata", "state/_METADATA", "state/manifest.ocdbt"} <= set(told)


def flipped(source: Path, folder: Path, rng: np.random.Generator) -> Path:
    """Copy a folder and turn a bit of one of its files."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder)
    file = rng.choice([path for path in sorted(folder.rglob("*")) if path.is_file()])
    content = np.fromfile(file, np.uint8)
    content[rng.integers(len(content))] ^= 1 << rng.integers(8)
    content.tofile(file)
    return file


@pytest.mark.slow
def test_a_single_bit_is_told_or_harmless(good: Path, tmp_path: Path):
    expected, told, rng = checkpoint.load(good)[0], 0, np.random.default_rng(0)
    for _ in range(60):
        file = flipped(good, tmp_path / "model", rng)
        try:
            state, metadata = checkpoint.load(tmp_path / "model")
        except InputError as error:
            assert "model: damaged checkpoint: " in str(error) and len(str(error)) < 500, file
            told += 1
        else:
            assert_same(state, expected)
            assert metadata == METADATA, file
    assert told > 15


def test_changed_numbers_are_told_whatever_their_file_says_of_them(good: Path, tmp_path: Path):
    """As from another checkpoint of the same network: no file by itself is damaged."""
    state = {"a": {"w": np.zeros((30, 40))}, "b": np.ones(5)}
    checkpoint.save(tmp_path / "model", state, METADATA)
    shutil.rmtree(tmp_path / "model" / "state")
    shutil.copytree(good / "state", tmp_path / "model" / "state")
    with pytest.raises(InputError, match="model: damaged checkpoint: its numbers are not those"):
        checkpoint.load(tmp_path / "model")
    shutil.rmtree(tmp_path / "model")
    checkpoint.save(tmp_path / "model", {"a": np.zeros((30, 40))}, METADATA)
    shutil.rmtree(tmp_path / "model" / "state")
    shutil.copytree(good / "state", tmp_path / "model" / "state")
    with pytest.raises(InputError, match="its arrays have 9640 bytes, not 9600"):
        checkpoint.load(tmp_path / "model")


@pytest.mark.parametrize("name", ["seal", "sha256", "bytes"])
def test_a_digest_whose_name_has_changed_is_told(good: Path, tmp_path: Path, name: str):
    shutil.copytree(good, tmp_path / "model")
    file = tmp_path / "model" / "metadata" / "metadata"
    file.write_text(file.read_text().replace(f'"{name}"', f'"{name[:-1]}!"'))
    with pytest.raises(InputError, match="model: damaged checkpoint: "):
        checkpoint.load(tmp_path / "model")


def test_one_from_before_digests_loads_with_a_note(
    good: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    shutil.copytree(good, tmp_path / "model")
    (tmp_path / "model" / "metadata" / "metadata").write_text(json.dumps(METADATA))
    with caplog.at_level(logging.INFO, "dvs_jax"):
        state, metadata = checkpoint.load(tmp_path / "model")
    assert_same(state, checkpoint.load(good)[0])
    assert metadata == METADATA
    (note,) = caplog.messages
    assert "model: was saved before checkpoints had a digest" in note


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("state/_METADATA", "[]"),
        ("state/_METADATA", '{"tree_metadata": {}}'),
        ("state/_METADATA", '{"tree_metadata": {"w": 3}}'),
        ("metadata/metadata", "[1]"),
    ],
)
def test_other_json_than_orbax_wrote_is_told(good: Path, file: str, content: str, tmp_path: Path):
    shutil.copytree(good, tmp_path / "model")
    (tmp_path / "model" / file).write_text(content)
    with pytest.raises(InputError, match="model: damaged checkpoint: "):
        checkpoint.load(tmp_path / "model")


def test_metadata_is_plain_json(good: Path):
    content = json.loads((good / "metadata" / "metadata").read_text())
    assert content.pop("seal").keys() == {"bytes", "sha256"}
    assert content == METADATA


TENSORS = {"conv.weight": np.zeros((8, 4, 3, 3)), "conv.bias": np.zeros(8), "fc": np.zeros((2, 2))}
SHAPES = {name: tensor.shape for name, tensor in TENSORS.items()}


def test_the_wanted_tensors_pass_in_any_order():
    checkpoint.require_shapes(TENSORS, dict(reversed(SHAPES.items())), "x.checkpoint")


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (SHAPES | {"lstm": (4,)}, r"tensors missing: lstm;"),
        ({"fc": (2, 2), "conv.bias": (8,)}, r"tensors unexpected: conv\.weight;"),
        (
            SHAPES | {"conv.weight": (8, 5, 3, 3)},
            r"another shape: conv\.weight has shape \(8, 4, 3, 3\), not \(8, 5, 3, 3\)",
        ),
        (SHAPES | {str(i): () for i in range(9)}, r"missing: 0, 1, 2 and 6 more"),
        (
            {"fc": (4,), "conv.weight": (8, 4, 3, 3), "x": ()},
            r"shape: fc has shape \(2, 2\), not \(4,\); unexpected: conv\.bias; missing: x;",
        ),
    ],
)
def test_every_difference_is_named(wanted: dict, message: str):
    with pytest.raises(InputError, match=rf"x\.checkpoint: .*{message}"):
        checkpoint.require_shapes(TENSORS, wanted, "x.checkpoint")

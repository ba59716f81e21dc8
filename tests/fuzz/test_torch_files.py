"""PyTorch files with bytes changed at random: read, or refused by one line that names them."""

import functools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvs_jax import torch_file
from dvs_jax.flow import raft_weights
from dvs_jax.fused import convert
from dvs_jax.fused.architecture import Architecture, Convolution, FullyConnected
from dvs_jax.fused.official import core_shapes
from tests.test_torch_file import pickled, storage, tensor, write_legacy, write_zip

from .budget import budget
from .examination import outcome
from .examiner import examiner
from .mutation import mutations

LAYOUTS = {"zip": write_zip, "legacy": write_legacy}

FEW = 30


@functools.cache
def original() -> tuple[bytes, dict[str, np.ndarray]]:
    """A small official network of poses alone, with a convolution, saved by PyTorch's rules."""
    convolutions = (Convolution(2, 3, 1, 2, batch_norm=True),)
    layers = (FullyConnected(3, "relu"), FullyConnected(4))
    architecture = Architecture(False, convolutions, (2,), layers, official=True)
    generator = np.random.default_rng(0)
    storages = {
        str(i): generator.random(shape).astype(np.float32)
        for i, shape in enumerate(core_shapes(architecture).values())
    }
    tensors = {
        name: tensor(
            storage("FloatStorage", str(i), int(np.prod(shape))),
            *(0, shape, tuple(int(np.prod(shape[axis + 1 :])) for axis in range(len(shape)))),
        )
        for i, (name, shape) in enumerate(core_shapes(architecture).items())
    }
    settings = {"layers": [["(1,2)", "(1,3)", "(1,1)", "(0,1)", "(1,2)"]], "gap": False}
    content = {
        "state_dict": tensors,
        "cnn": settings | {"activate_function": "relu", "batch_norm": True},
        "fc": {"activate_function": "relu", "batch_norm": False},
        "epoch": 3,
    }
    return pickled(content), storages


def read_whole(path: Path) -> None:
    """Read a file and take it for weights of either network, as converting does."""
    content = torch_file.read(path)
    if convert.is_official(content):
        convert.from_official(content, path)
    else:
        raft_weights.converted(content, path)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("torch_files")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_originals_are_read(layout: str, folder: Path):
    path = folder / "valid.checkpoint"
    LAYOUTS[layout](path, *original())
    assert outcome(read_whole, path) == ""


@pytest.mark.parametrize("layout", LAYOUTS)
def test_damaged_torch_files(layout: str, folder: Path, fuzz_examples: int | None):
    path = folder / "damaged.checkpoint"
    pickle, storages = original()
    valid = LAYOUTS[layout](path, pickle, storages).read_bytes()

    @budget(FEW, fuzz_examples)
    @given(damaged_file=mutations(valid), damaged_pickle=mutations(pickle), in_pickle=st.booleans())
    def damaged(damaged_file: bytes, damaged_pickle: bytes, in_pickle: bool) -> None:
        # A zip archive's checksums find nearly all changes; those within it have to be made before.
        if in_pickle:
            LAYOUTS[layout](path, damaged_pickle, storages)
        else:
            path.write_bytes(damaged_file)
        examine(path)

    with examiner(read_whole, fuzz_examples) as examine:
        damaged()

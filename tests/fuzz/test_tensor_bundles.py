"""TensorFlow checkpoints with bytes changed at random: read, or refused by one line."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvs_jax.stabnet import tensor_bundle
from tests.stabnet import bundles

from .budget import budget
from .examination import outcome
from .examiner import examiner
from .mutation import mutations

FEW = 60

WRITTEN = Path(__file__).parents[1] / "stabnet/tensorflow"


def read_whole(path: Path) -> None:
    """Read all variables of a checkpoint that are whole arrays of float32."""
    bundle = tensor_bundle.read_index(path)
    for name, entry in bundle.entries.items():
        if entry.kind == bundles.FLOAT32 and not entry.sliced:
            assert bundle.read(name).nbytes == entry.size


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tensor_bundles")


def test_the_original_is_read(folder: Path):
    assert outcome(read_whole, WRITTEN / "tiny.index") == ""


def test_damaged_bundles(folder: Path, fuzz_examples: int | None):
    index = folder / "damaged.index"
    valid = (WRITTEN / "tiny.index").read_bytes()
    data = (WRITTEN / "tiny.data-00000-of-00001").read_bytes()

    @budget(FEW, fuzz_examples)
    @given(damaged_index=mutations(valid), damaged_data=mutations(data), in_data=st.booleans())
    def damaged(damaged_index: bytes, damaged_data: bytes, in_data: bool) -> None:
        index.write_bytes(valid if in_data else damaged_index)
        index.with_suffix(".data-00000-of-00001").write_bytes(damaged_data if in_data else data)
        examine(index)

    with examiner(read_whole, fuzz_examples) as examine:
        damaged()


def test_damaged_tables_whose_checksums_are_right(folder: Path, fuzz_examples: int | None):
    """Checksums find nearly all changes; those behind them have to be made before."""
    index = folder / "resealed.index"
    weights = np.arange(6, dtype=np.float32).reshape(2, 3)
    bundles.write(index, {"a/weights": weights, "a/weights_of_more": weights})
    pairs = list(tensor_bundle._table(index.read_bytes()))
    content = bundles.block(pairs)[:-5]

    @budget(FEW, fuzz_examples)
    @given(block=mutations(content))
    def damaged(block: bytes) -> None:
        index.write_bytes(bundles.sealed(block))
        examine(index)

    with examiner(read_whole, fuzz_examples) as examine:
        damaged()

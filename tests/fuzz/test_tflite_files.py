"""TensorFlow Lite's files with bytes changed at random: read, or refused by one line."""

import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvs_jax import tflite
from tests.tflite.files import every_operator

from .budget import budget
from .examination import outcome
from .examiner import examiner
from .mutation import mutations

FEW = 150

MEMBER = "a.tflite"


def read(path: Path) -> None:
    """Read a network, down to the shapes of all that it computes."""
    tflite.load(path, None if path.suffix == ".tflite" else MEMBER)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tflite_files")


def bundle(path: Path, content: bytes) -> bytes:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(MEMBER, content)
    return path.read_bytes()


def test_the_originals_are_read(folder: Path):
    (folder / "valid.tflite").write_bytes(every_operator())
    bundle(folder / "valid.task", every_operator())
    assert outcome(read, folder / "valid.tflite") == ""
    assert outcome(read, folder / "valid.task") == ""


def test_damaged_networks(folder: Path, fuzz_examples: int | None):
    path = folder / "damaged.tflite"

    @budget(FEW, fuzz_examples)
    @given(data=mutations(every_operator()))
    def damaged(data: bytes) -> None:
        path.write_bytes(data)
        examine(path)

    with examiner(read, fuzz_examples) as examine:
        damaged()


@pytest.mark.slow
def test_damaged_bundles(folder: Path, fuzz_examples: int | None):
    path = folder / "damaged.task"
    original = every_operator()
    valid = bundle(path, original)

    @budget(FEW, fuzz_examples)
    @given(whole=mutations(valid), content=mutations(original), within=st.booleans())
    def damaged(whole: bytes, content: bytes, within: bool) -> None:
        # The archive's checksums find nearly all changes; those within it have to be made before.
        if within:
            bundle(path, content)
        else:
            path.write_bytes(whole)
        examine(path)

    with examiner(read, fuzz_examples) as examine:
        damaged()

"""Flow files with bytes changed at random, in what is packed in them too."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvs_jax.flow.flow_folder import FlowFolder
from dvs_jax.flow.pair import FlowPair

from .budget import budget
from .examination import outcome
from .mutation import mutations
from .text_mutation import text_mutations

FEW = 60

FLOW = np.random.default_rng(0).normal(0, 20, (5, 7, 2)).astype(np.float32)
SUFFIXES = (".flo", ".npz", ".png")
HEADERS = (
    "{'descr': '<f4', 'fortran_order': False, 'shape': (5, 7, 2), }\n",
    "{'descr': '>i2', 'fortran_order': True, 'shape': (5, 7, 2), }\n",
    "{'descr': '<c16', 'fortran_order': True, 'shape': (20000, 20000, 2), }\n",
    "{'descr': [('a', '|O', (3,)), ('b', '<M8[s]')], 'fortran_order': False, 'shape': (1,), }\n",
)


def read(path: Path) -> None:
    """Read a clip's first pair of frames, of which `path` is the flow there."""
    pair = FlowFolder(path.parents[1], path.suffix, frame_size=(64, 48)).read(0)
    assert pair.forward.dtype == np.float32
    assert pair.forward.shape[2] == 2
    assert np.isfinite(pair.forward).all()


@pytest.fixture
def written(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """The path of a valid flow file of a suffix, in a clip."""
    folder = FlowFolder(tmp_path, request.param)
    folder.write(0, FlowPair(FLOW, FLOW))
    return folder.forward_path(0)


@pytest.mark.parametrize("written", SUFFIXES, indirect=True)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_damaged_flow(written: Path, fuzz_examples: int | None) -> None:
    read(written)

    @budget(FEW, fuzz_examples)
    @given(data=mutations(written.read_bytes()))
    def damaged(data: bytes) -> None:
        written.write_bytes(data)
        outcome(read, written)

    damaged()


@pytest.mark.parametrize("written", [".npz"], indirect=True)
@pytest.mark.filterwarnings("error::RuntimeWarning", "ignore::UserWarning", "ignore::SyntaxWarning")
def test_whole_archives_of_damaged_arrays(written: Path, fuzz_examples: int | None) -> None:
    packing = st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])

    @budget(FEW, fuzz_examples)
    @given(
        header=text_mutations(HEADERS),
        length=st.none() | st.integers(0, 2**32 - 1),
        packing=packing,
        name=st.sampled_from(["flow.npy", "flow.npy", "flow", "flow.npy.npy", "x"]),
    )
    def damaged(header: bytes, length: int | None, packing: int, name: str) -> None:
        length = len(header) if length is None else length
        begin = b"\x93NUMPY\x02\x00" + length.to_bytes(4, "little")
        stored = io.BytesIO()
        with zipfile.ZipFile(stored, "w", compression=packing) as archive:
            archive.writestr(name, begin + header + FLOW.tobytes())
        written.write_bytes(stored.getvalue())
        outcome(read, written)

    damaged()

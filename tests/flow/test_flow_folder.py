import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.flow import flow_file, flow_folder
from dvs_jax.flow.flow_folder import FlowFolder
from dvs_jax.flow.pair import FlowPair


def _pair(value: float, height: int = 4) -> FlowPair:
    return FlowPair(
        np.full((height, 6, 2), value, np.float32), np.full((height, 6, 2), -value, np.float32)
    )


def test_pairs_lie_where_the_official_program_looks(tmp_path):
    folder = FlowFolder(tmp_path)
    folder.write(0, _pair(1.0))
    folder.write(1, _pair(2.0))
    assert flow_file.read(tmp_path / "flo" / "00001.flo")[0, 0, 0] == 2.0
    assert flow_file.read(tmp_path / "flo_back" / "00001.flo")[0, 0, 0] == -2.0
    assert len(folder) == 2
    assert folder.size == (4, 6)
    assert np.array_equal(folder.read(1).backward, _pair(2.0).backward)


def test_a_gap_ends_the_count(tmp_path):
    folder = FlowFolder(tmp_path)
    for index in (0, 1, 3):
        folder.write(index, _pair(1.0))
    folder.backward_path(1).unlink()
    assert len(folder) == 1


def test_find_tells_the_format(tmp_path):
    assert flow_folder.find(tmp_path) is None
    FlowFolder(tmp_path, ".npz").write(0, _pair(3.0))
    found = flow_folder.find(tmp_path)
    assert found is not None
    assert found.read(0).forward[0, 0, 1] == 3.0


def test_a_file_of_another_size_is_named(tmp_path):
    folder = FlowFolder(tmp_path)
    folder.write(0, _pair(1.0))
    folder.write(1, _pair(1.0, height=5))
    with pytest.raises(InputError, match=r"00001\.flo: flow of 6 × 5 px .* 6 × 4"):
        folder.read(1)


def test_sparse_and_missing_flow_is_named(tmp_path):
    folder = FlowFolder(tmp_path)
    sparse = _pair(1.0)
    sparse.backward[0, 0] = np.nan
    folder.write(0, sparse)
    with pytest.raises(InputError, match=r"flo_back/00000\.flo: the flow of 1 of 24 pixels"):
        folder.read(0)
    with pytest.raises(InputError, match=r"flo/00007\.flo"):
        folder.read(7)

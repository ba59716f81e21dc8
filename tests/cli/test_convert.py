"""`dvs-jax convert`."""

import pytest

from dvs_jax import flow

from .run import QUICK


@pytest.mark.slow
def test_convert_makes_a_model_that_stabilize_takes(dvs, golden, walk, tmp_path):
    official = golden / "dvs" / "random.checkpoint"
    run = dvs("convert", official, tmp_path / "dvs")
    assert (run.code, run.err) == (0, "")
    assert run.out == f"      checkpoint: {tmp_path}/dvs\n"
    paths = []
    for model in (official, tmp_path / "dvs"):
        run = dvs("stabilize", walk, "-o", tmp_path / "out", "--model", model, *QUICK)
        assert run.code == 0
        assert len(run.lines("note")) == len(run.err.splitlines()) == 1
        assert "optical flow: " in run.err
        paths.append((tmp_path / "out" / "walking.txt").read_bytes())
    assert paths[0] == paths[1]


@pytest.mark.slow
def test_convert_tells_raft_from_dvs(dvs, published_models, tmp_path):
    run = dvs("convert", published_models / "raft-small.pth", tmp_path / "raft")
    assert (run.code, run.err) == (0, "")
    assert flow.create(weights=tmp_path / "raft").name == "raft"

"""`dvs-jax evaluate`."""

import pytest

from dvs_jax import metrics
from dvs_jax.evaluation import methods
from dvs_jax.metrics import Metrics


@pytest.mark.slow
def test_evaluate_prints_a_table_and_writes_the_numbers(dvs, walk, tmp_path):
    run = dvs("evaluate", walk, tmp_path / "nowhere", "-o", tmp_path / "out", "--no-measure")
    assert run.code == 0
    assert "gaussian, whole" in run.out and "Picture" not in run.out
    assert f"numbers: {tmp_path / 'out' / 'evaluation.json'}" in run.out
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "evaluation.json",
        "evaluation.png",
    ]
    (warning,) = run.lines("warning")
    assert "nowhere: no such video or folder" in warning


@pytest.mark.slow
def test_evaluate_measures_the_pictures_unless_told_not_to(dvs, walk, monkeypatch):
    row = Metrics(30, *([0.25] * 23))
    monkeypatch.setattr(methods, "has_vidstab", lambda: False)
    # The method of pictures, affine maps, eleven smoothers, of three kinds, the two networks of the
    # gyro that are shipped, each in two ways, StabNet and StabGAN.
    monkeypatch.setattr(metrics, "measure_each", lambda frames, *_: (row, [row] * 24))
    run = dvs("evaluate", walk)
    assert (run.code, run.err.strip()) == (0, "note: optical flow: dis")
    assert "pictures alone, 1 s ahead" in run.out
    # Roll, rotation and the official program's jitter.
    assert run.out.count("0.2500") == 3 * 25

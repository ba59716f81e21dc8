"""`dvs-jax demo`."""

import pytest

from dvs_jax import synthetic
from dvs_jax.video import probe


class Small(synthetic.SyntheticClip):
    def __init__(self, size: tuple[int, int], **rest: object):
        super().__init__(size=(192, 108), **rest)


@pytest.mark.slow
def test_demo_makes_a_clip_and_stabilises_it(dvs, tmp_path, monkeypatch):
    monkeypatch.setattr(synthetic, "SyntheticClip", Small)
    for _ in range(2):
        run = dvs("demo", "--out", tmp_path / "demo", "--seconds", "1")
        assert run.code == 0
        assert f"clip: {tmp_path}/demo/clip/walking.mp4" in run.out
        assert f"cropped video: {tmp_path}/demo/result/walking_stab_crop.mp4" in run.out
        assert "Rotation jitter" in run.out
    assert probe(tmp_path / "demo" / "result" / "walking_stab_crop.mp4").frame_count == 30

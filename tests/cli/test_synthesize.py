"""`dvs-jax synthesize`."""

from typing import get_args

import numpy as np
import pytest

from dvs_jax import flow, synthetic
from dvs_jax.cli import synthesize
from dvs_jax.synthetic.clip import MotionName, SceneName
from dvs_jax.video import probe

from .run import QUICK


def test_the_motions_and_scenes_on_offer_are_those_there_are():
    """The command has them in its own words, for it starts without what draws them."""
    assert get_args(synthesize.Motions) == get_args(MotionName)
    assert get_args(synthesize.Scenes) == get_args(SceneName)


@pytest.mark.slow
def test_synthesize_makes_a_clip_that_can_be_stabilised(dvs, tmp_path):
    options = "--motion panning --scene distant --seconds 0.5 --width 128 --height 72 --no-ois"
    run = dvs("synthesize", tmp_path / "clip", *options.split(), "--frame-rate", 24, "--seed", 5)
    assert (run.code, run.err) == (0, "")
    assert run.out == f"            clip: {tmp_path}/clip/panning.mp4\n"
    info = probe(tmp_path / "clip" / "panning.mp4")
    assert (info.width, info.height, info.frame_count, info.frame_rate) == (128, 72, 12, 24)
    assert not (tmp_path / "clip" / "panning_ois.txt").exists()
    assert dvs("stabilize", tmp_path / "clip", "-o", tmp_path / "out", *QUICK).code == 0


@pytest.mark.slow
def test_synthesize_writes_the_exact_flow_that_stabilize_uses(dvs, golden, tmp_path, monkeypatch):
    folder, model = tmp_path / "clip", golden / "dvs" / "random.checkpoint"
    options = ["--motion", "walking", "--seconds", "0.3", "--width", "128", "--height", "72"]
    assert dvs("synthesize", folder, *options, "--flow").code == 0
    described = synthetic.SyntheticClip("walking", duration_s=0.3, size=(128, 72))
    recording = synthetic.record(described)
    written = flow.FlowFolder(folder)
    assert len(written) == 8
    for index in range(8):
        forward, visible = synthetic.flow_between(recording, index, index + 1)
        backward, _ = synthetic.flow_between(recording, index + 1, index)
        assert forward.shape == (18, 32, 2) and visible.mean() > 0.7
        np.testing.assert_array_equal(written.read(index).forward, forward)
        np.testing.assert_array_equal(written.read(index).backward, backward)
    monkeypatch.setattr(flow, "estimate", lambda *_, **__: pytest.fail("flow lies there"))
    run = dvs("stabilize", folder, "-o", tmp_path / "out", "--model", model, *QUICK)
    assert run.code == 0
    # Without the option none of it may stay beside another clip.
    assert dvs("synthesize", folder, *options, "--seed", 1).code == 0
    assert len(written) == 0


@pytest.mark.parametrize("rate", [59.94, 120])
def test_the_readout_of_quick_frames_is_no_longer_than_a_frame(dvs, tmp_path, rate):
    options = "--scene distant --seconds 0.1 --width 96 --height 64 --no-ois --frame-rate"
    run = dvs("synthesize", tmp_path / "clip", *options.split(), rate)
    assert run.code == 0, run.err
    readout_ns = np.loadtxt(tmp_path / "clip" / "handheld_frame.txt")[:, 3]
    np.testing.assert_allclose(readout_ns, 0.9e9 / rate, atol=1)

"""`dvs-jax lens`, and clips through the lens it finds."""

import json
import tomllib
from pathlib import Path

import cv2
import numpy as np
import pytest

from dvs_jax import synthetic
from dvs_jax.lens import Lens
from dvs_jax.video import read_frames
from tests.sensors.test_lens_profile import PROFILE

from .run import QUICK, assert_refused


@pytest.fixture
def collection(tmp_path):
    folder = tmp_path / "profiles" / "AKASO"
    folder.mkdir(parents=True)
    (folder / "AKASO_V50 Pro_wide_16by9.json").write_text(json.dumps(PROFILE))
    (folder / "AKASO_V50 Pro_super.json").write_text(json.dumps(PROFILE | {"digital_lens": "x"}))
    return folder.parent


def test_it_prints_the_line_for_camera_toml(dvs, collection):
    run = dvs("lens", "akaso", "V50", "--collection", collection)
    assert run.code == 0
    (line,) = run.out.splitlines()
    assert line.endswith("# AKASO V50 Pro wide, 3840 × 2160")
    assert Path(tomllib.loads(line)["lens"]).name == "AKASO_V50 Pro_wide_16by9.json"
    assert len(run.lines("note")) == 1


def test_what_is_not_found_is_said(dvs, collection, tmp_path):
    refused = dvs("lens", "akaso", "V51", "--collection", collection)
    assert_refused(refused, "no profile has 'akaso V51' in its name; try fewer words")
    assert_refused(dvs("lens", "a", "--collection", tmp_path / "none"), "no such folder")


@pytest.mark.slow
def test_a_wide_clip_is_stabilised_as_filmed_or_straightened(dvs, tmp_path):
    lens = Lens("fisheye", (0.04, 0.01, -0.005, 0.0))
    clip = synthetic.SyntheticClip(
        "still", "distant", 0.4, (192, 108), ois=False, focal_length=0.45, lens=lens
    )
    synthetic.synthesize(clip, tmp_path / "clip")
    command = ("stabilize", tmp_path / "clip", "--smoother", "gaussian", "--refine", "none")
    drawn = {}
    for correction in ("0", "1"):
        out = tmp_path / correction
        wanted = ("--lens-correction", correction, "--framing", "fixed", "--crop", "0.05")
        assert dvs(*command, "-o", out, *wanted, *QUICK).code == 0
        drawn[correction] = next(read_frames(out / "still_stab_crop.mp4")).astype(float)
    filmed = next(read_frames(tmp_path / "clip" / "still.mp4")).astype(float)
    straight = synthetic.SyntheticClip(
        "still", "distant", 0.4, (192, 108), ois=False, focal_length=0.45
    )
    pinhole = synthetic.render_frame(synthetic.record(straight), 0).astype(float)
    expected = {"0": filmed, "1": pinhole}
    for correction, other in (("0", "1"), ("1", "0")):
        alike, unlike = (
            np.abs(drawn[correction] - shrunk(expected[each])).mean()
            for each in (correction, other)
        )
        assert alike < 0.5 * unlike, correction


def shrunk(frame):
    """The central nine tenths of a frame, scaled back."""
    height, width = frame.shape[:2]
    down, across = 0.05 * height, 0.05 * width
    matrix = np.array([[0.9, 0, across - 0.05], [0, 0.9, down - 0.05]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(frame, matrix, (width, height), flags=flags)


def test_a_correction_needs_a_lens(dvs, walk, tmp_path):
    command = ("stabilize", walk, "-o", tmp_path / "out", "--lens-correction", "1")
    refused = dvs(*command)
    assert refused.code == 2
    assert "no lens to correct is known" in refused.lines("error")[-1]

"""The video that shows the input beside the cropped result."""

from dataclasses import replace

import numpy as np
import pytest

from dvs_jax import plots, video
from dvs_jax.clip import load_clip
from dvs_jax.errors import InputError
from dvs_jax.methods import AsFilmed
from dvs_jax.stabilization import Settings, stabilize, stabilize_by, stabilize_into
from dvs_jax.video import probe
from dvs_jax.video.picture import blank, planes
from dvs_jax.video.side_by_side import arrangement, joined, joined_size

from .test_run import encode, frames_of, sound_packets

QUICK = {"preset": "ultrafast", "side_by_side": True}


@pytest.fixture(autouse=True)
def quick_plot(monkeypatch):
    monkeypatch.setattr(plots, "plot_path", lambda file, *_: file.write_bytes(b"a picture"))


def as_shown(stored: np.ndarray, rotation: int, mirrored: bool) -> np.ndarray:
    """Return what a player shows: turned counter-clockwise, then mirrored left to right."""
    turned = np.rot90(stored, rotation // 90)
    return turned[:, ::-1] if mirrored else turned


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, -90])
def test_the_input_is_shown_on_the_left_however_the_picture_is_turned(walk, rotation, mirrored):
    clip = load_clip(walk)
    clip = replace(clip, video=replace(clip.video, rotation=rotation, mirrored=mirrored))
    source, result = blank((193, 109)), blank((192, 108))
    for each, level in ((source, 50), (result, 200)):
        for plane in planes(each):
            plane[...] = level
    both = joined(source, result, arrangement(clip.video))
    assert (both.width, both.height) == joined_size(clip.video, clip.size)
    for plane in planes(both):
        left, right = np.split(as_shown(plane, rotation, mirrored), 2, axis=1)
        assert (left == 50).all() and (right == 200).all()


@pytest.mark.slow
def test_both_halves_are_those_of_the_two_videos(walk, tmp_path):
    source = walk / "walking.mp4"
    encode(source, frames_of(walk), seconds_of_sound=1.0)
    report = stabilize(load_clip(walk), tmp_path / "out", framing="fixed", **QUICK)
    assert report.side_by_side == tmp_path / "out/walking_stab_side_by_side.mp4"
    info, before = probe(report.side_by_side), probe(source)
    assert (info.width, info.height) == (2 * before.width, before.height)
    np.testing.assert_array_equal(info.time_ns, before.time_ns)
    assert sound_packets(report.side_by_side) == sound_packets(source)
    found, inputs, results = (
        np.array(list(video.read_frames(file)), int)
        for file in (report.side_by_side, source, report.cropped)
    )
    # The encoder's loss; neighbouring frames are 10 levels and more apart.
    assert np.abs(found[:, :, :192] - inputs).mean() < 4.0
    assert np.abs(found[:, :, 192:] - results).mean() < 4.0
    assert np.abs(inputs - results).mean() > 8.0


def test_a_later_run_without_it_removes_it(walk, tmp_path):
    clip, settings = load_clip(walk), Settings(**QUICK)
    report = stabilize_by(clip, tmp_path / "out", AsFilmed(), settings)
    assert report.side_by_side.is_file()
    after = stabilize_by(clip, tmp_path / "out", AsFilmed(), replace(settings, side_by_side=False))
    assert after.side_by_side is None
    assert not report.side_by_side.exists()


def test_one_video_is_the_one_of_both(walk, tmp_path):
    file = tmp_path / "both.mp4"
    report = stabilize_into(load_clip(walk), file, AsFilmed(), Settings(**QUICK))
    assert (report.cropped, report.side_by_side) == (file, file)
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["both.mp4"]
    assert probe(file).width == 2 * 192


def test_two_pictures_that_are_too_large_together_are_refused(walk):
    clip = load_clip(walk)
    wide = replace(clip, video=replace(clip.video, width=8194, height=4000))
    with pytest.raises(InputError, match="16388 × 4000 pixels is too large"):
        joined_size(wide.video, wide.size)

"""ffmpeg's vidstab."""

from pathlib import Path

import numpy as np
import pytest

from dvs_jax.clip import Clip, load_clip
from dvs_jax.errors import InputError
from dvs_jax.evaluation import vidstab
from dvs_jax.evaluation.vidstab import has_vidstab, run_vidstab, transformation
from dvs_jax.video import probe, read_frames

ENCODING = {"crf": "20", "preset": "ultrafast", "pix_fmt": "yuv420p"}


def test_the_zoom_shows_what_the_crop_leaves():
    assert transformation(30, 0.1).startswith("smoothing=30:optzoom=0:zoom=25.0000:")
    assert transformation(10, 0.25).startswith("smoothing=10:optzoom=0:zoom=100.0000:")


def test_both_passes_are_run_in_the_folder(walk, tmp_path, monkeypatch):
    commands = []
    monkeypatch.setattr(vidstab, "run", lambda command, folder: commands.append((command, folder)))
    made = run_vidstab(load_clip(walk), tmp_path, ENCODING, "shakiness=8", "smoothing=30")
    assert made == tmp_path / "vidstab.mp4"
    (first, where), (second, there) = commands
    assert where == there == tmp_path
    assert "vidstabdetect=result=motion.trf:shakiness=8" in first
    assert any(
        each.startswith("vidstabtransform=input=motion.trf:smoothing=30,crop=") for each in second
    )
    assert second[-7:] == ["-crf", "20", "-preset", "ultrafast", "-pix_fmt", "yuv420p", made.name]


@pytest.mark.skipif(not has_vidstab(), reason="no ffmpeg with vidstab is installed")
def test_vidstab_stabilises_every_frame(walk, tmp_path):
    made = probe(run_vidstab(load_clip(walk), tmp_path, ENCODING))
    assert (made.frame_count, made.width, made.height) == (30, 192, 108)


def test_pictures_become_a_film_without_loss(walk, tmp_path, monkeypatch):
    sources = []
    monkeypatch.setattr(
        vidstab, "run", lambda command, folder: sources.append(command[command.index("-i") + 1])
    )
    frames = list(read_frames(load_clip(walk).video.path))[:7]
    clip = Clip.from_arrays(frames, np.arange(7) * 40_000_000)
    run_vidstab(clip, tmp_path, ENCODING)
    made = Path(sources[0])
    assert probe(made).frame_count == 7
    # What is lost is the colours' resolution alone.
    error = np.mean(np.subtract(list(read_frames(made)), frames, dtype=np.float32), axis=-1)
    assert np.abs(error).mean() < 1.5


@pytest.mark.skipif(not has_vidstab(), reason="no ffmpeg with vidstab is installed")
def test_options_that_vidstab_does_not_know_are_named(walk, tmp_path):
    with pytest.raises(InputError, match="shaking"):
        run_vidstab(load_clip(walk), tmp_path, ENCODING, "shaking=8")

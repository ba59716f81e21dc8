"""Interlaced videos are deinterlaced: one frame of each pair of fields, as the first of them."""

import logging

import av
import numpy as np
import pytest

from dvs_jax.video import probe, read_pictures
from dvs_jax.video.interlace import deinterlaced
from dvs_jax.video.picture import planes

from .clips import level_frames, write_clip

WIDTH, HEIGHT = 128, 96


def bar(position: float) -> np.ndarray:
    frame = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
    frame[:, int(position) : int(position) + 24] = 200
    return frame


def woven(count: int) -> list[np.ndarray]:
    """Frames of two fields each, the lower one first, between which a bar moves by 8 pixels."""
    frames = []
    for index in range(count):
        frame = bar(16 * index + 8)
        frame[1::2] = bar(16 * index)[1::2]
        frames.append(frame)
    return frames


def combing(luma: np.ndarray) -> float:
    """How much more neighbouring rows differ than rows that are two apart."""
    rows = luma.astype(float)
    return np.abs(np.diff(rows, axis=0)).mean() - np.abs(rows[2:] - rows[:-2]).mean()


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv420p10le"])
def test_no_comb_is_left_and_every_frame_shows_its_first_field(tmp_path, caplog, pix_fmt):
    clip = write_clip(
        tmp_path / "clip.mp4",
        woven(6),
        encoder={"flags": "+ildct+ilme"},
        pix_fmt=pix_fmt,
    )
    with caplog.at_level(logging.INFO, "dvs_jax"):
        assert probe(clip).frame_count == 6
    assert "clip.mp4: is interlaced; it is deinterlaced" in caplog.text
    pictures = list(read_pictures(clip))
    assert len(pictures) == 6
    for index, picture in enumerate(pictures):
        luma = planes(picture)[0] >> (2 if pix_fmt.endswith("10le") else 0)
        assert not picture.interlaced_frame
        assert combing(luma[4:-4]) < 0.5
        assert combing(woven(6)[index][4:-4, :, 0]) > 10
        left = int(np.argmax(luma[HEIGHT // 2] > 110))
        assert left == pytest.approx(16 * index, abs=2)


def test_progressive_frames_pass_as_they_are_and_lost_ones_keep_their_place(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(4))
    frames = list(read_pictures(clip))
    given = [frames[0], None, *frames[1:]]
    assert [*deinterlaced(iter(given))] == given
    woven_clip = write_clip(tmp_path / "woven.mp4", woven(5), encoder={"flags": "+ildct+ilme"})
    with av.open(woven_clip) as container:
        stored = list(container.decode(video=0))
    out = [*deinterlaced(iter([None, stored[0], None, None, *stored[1:], None]))]
    assert [frame is None for frame in out] == [1, 0, 1, 1, 0, 0, 0, 0, 1]

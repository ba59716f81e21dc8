"""Packets that are no frames: hidden ones, and those that no decoder can begin with."""

import logging
from types import SimpleNamespace

import av
import numpy as np
import pytest

from dvs_jax.video import probe, read_frames
from dvs_jax.video.coded import _is_hidden

from .clips import copy, level_frames, levels, write_clip
from .test_reading import textured_frames


def test_hidden_frames_of_vp8_are_none(tmp_path, caplog):
    clip = write_clip(tmp_path / "clip.webm", textured_frames(20), codec="libvpx")
    data = bytearray(clip.read_bytes())
    with av.open(clip) as container:
        third = bytes([p for p in container.demux(video=0) if p.size][3])
    assert data.count(third) == 1 and third[0] & 0x10
    data[data.find(third)] &= ~0x10
    clip.write_bytes(data)
    with caplog.at_level(logging.WARNING, "dvs_jax"):
        assert probe(clip).frame_count == 19
        assert len(list(read_frames(clip))) == 19
    assert not caplog.records


@pytest.mark.parametrize(
    ("codec", "head", "is_hidden"),
    [
        ("vp8", 0b0001_0000, False),
        ("vp8", 0b0000_0000, True),
        ("vp9", 0b1000_0010, False),  # a key frame that is shown
        ("vp9", 0b1000_0100, True),
        ("vp9", 0b1000_1000, False),  # shows a frame that is there
        ("vp9", 0b1011_0001, False),  # profile 3, shown
        ("vp9", 0b1011_0010, True),
        ("h264", 0b0000_0000, False),
    ],
)
def test_the_bit_that_hides_a_frame(codec, head, is_hidden):
    packet = av.Packet(bytes([head, 0]))
    stream = SimpleNamespace(codec_context=SimpleNamespace(codec=SimpleNamespace(name=codec)))
    assert _is_hidden(packet, stream) == is_hidden


@pytest.mark.parametrize(
    "encoder", [{"g": "20", "bf": "0"}, {"g": "20", "x264-params": "open-gop=1"}]
)
def test_what_comes_before_the_first_key_frame_is_no_frame(tmp_path, caplog, encoder):
    whole = write_clip(tmp_path / "clip.ts", level_frames(40), encoder=encoder)
    with av.open(whole) as container:
        stored = [packet for packet in container.demux(video=0) if packet.size]
    begin = stored[5].pos
    cut = tmp_path / "cut.ts"
    cut.write_bytes(whole.read_bytes()[begin - begin % 188 :])
    with caplog.at_level(logging.WARNING, "dvs_jax"):
        info = probe(cut)
        assert (info.frame_count, info.time_ns[0]) == (20, 0)
        assert levels(read_frames(cut)) == list(range(20, 40))
        assert copy(cut, tmp_path / "out.mp4").frame_count == 20
    assert not caplog.records


def test_a_lost_frame_is_told_even_if_no_more_than_the_last_is_asked_for(tmp_path, caplog):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(10), encoder={"g": "1"})
    with av.open(clip) as container:
        position, size = [(p.pos, p.size) for p in container.demux(video=0) if p.size][4]
    data = bytearray(clip.read_bytes())
    data[position : position + size] = b"\xff" * size
    clip.write_bytes(data)
    frames = read_frames(clip)
    found = [next(frames) for _ in range(10)]
    del frames
    np.testing.assert_array_equal(found[4], found[3])
    assert "1 frames could not be decoded; each repeats another" in caplog.text

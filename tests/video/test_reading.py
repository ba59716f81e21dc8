import logging
import weakref
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.video import VideoWriter, probe, read_frames

from .clips import burst, copy, level_frames, levels, write_clip


def test_frames_come_in_order_of_presentation_with_b_frames(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(40), encoder={"bf": "3"})
    with av.open(clip) as container:
        stored = [packet.pts for packet in container.demux(video=0) if packet.size]
    assert stored != sorted(stored)
    assert levels(read_frames(clip)) == list(range(40))
    assert probe(clip).frame_count == 40


@pytest.mark.parametrize("suffix", [".avi", ".mxf"])
def test_packets_that_are_dated_by_their_order_are_read_in_order(tmp_path, caplog, suffix):
    clip = write_clip(
        tmp_path / f"clip{suffix}",
        level_frames(30),
        encoder={"bf": "3"},
        time_base=Fraction(1, 30),
    )
    with caplog.at_level(logging.WARNING, "dvs_jax"):
        assert levels(read_frames(clip)) == list(range(30))
    assert not caplog.records
    assert probe(clip).frame_rate == 30


@pytest.mark.parametrize("hidden", [1, 7])
def test_frames_hidden_by_an_edit_list_are_not_counted(tmp_path, hidden):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(20), encoder={"bf": "2"})
    cut = tmp_path / "cut.mp4"
    with av.open(clip) as source, av.open(cut, "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.pts -= 3000 * hidden
                packet.dts -= 3000 * hidden
                packet.stream = stream
                out.mux(packet)
    with av.open(cut) as container:
        assert sum(packet.is_discard for packet in container.demux(video=0)) == hidden
    assert probe(cut).frame_count == 20 - hidden
    assert levels(read_frames(cut)) == list(range(hidden, 20))


def test_a_clip_trimmed_by_its_edit_list_alone_is_whole(tmp_path, caplog):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(40), encoder={"g": "8", "bf": "2"})
    data = bytearray(clip.read_bytes())
    header, edits = data.find(b"mvhd"), data.find(b"elst")
    ticks_per_second = int.from_bytes(data[header + 16 : header + 20], "big")
    data[edits + 12 : edits + 16] = (ticks_per_second // 2).to_bytes(4, "big")
    clip.write_bytes(data)
    with caplog.at_level(logging.WARNING, "dvs_jax"):
        assert probe(clip).frame_count == 15
        assert levels(read_frames(clip)) == list(range(15))
    assert not caplog.records


def test_good_files_are_read_without_a_word(tmp_path, caplog):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(30), sound=burst(1, 0))
    with caplog.at_level(logging.DEBUG, "dvs_jax"):
        copy(clip, tmp_path / "out.mkv")
        copy(tmp_path / "out.mkv", tmp_path / "out.mp4")
    assert not caplog.records


def test_a_video_without_frames(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(10), faststart=True)
    data = clip.read_bytes()
    clip.write_bytes(data[: data.find(b"mdat") + 4])
    for read in (probe, lambda path: list(read_frames(path))):
        with pytest.raises(InputError, match="not one frame"):
            read(clip)


def textured_frames(count: int) -> list[np.ndarray]:
    texture = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
    still = cv2.resize(texture, (64, 48), interpolation=cv2.INTER_NEAREST)
    return [np.roll(still, i, axis=1) for i in range(count)]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_file_cut_off_in_the_middle_is_read_as_far_as_it_goes(tmp_path, caplog, suffix):
    clip = write_clip(tmp_path / f"clip{suffix}", textured_frames(60), faststart=suffix == ".mp4")
    whole = list(read_frames(clip))
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) * 6 // 10])
    with caplog.at_level(logging.WARNING, "dvs_jax"):
        info = probe(clip)
    assert 20 < info.frame_count < 55
    lost = 60 - info.frame_count
    assert f"{lost} of its 60 frames are missing" in caplog.text
    assert info.frame_rate == 30
    frames = list(read_frames(clip))
    assert len(frames) == info.frame_count
    for frame, expected in zip(frames[:20], whole, strict=False):
        np.testing.assert_array_equal(frame, expected)
    assert copy(clip, tmp_path / "out.mp4").frame_count == info.frame_count


def test_frames_that_cannot_be_decoded_are_replaced_and_the_rest_stay_in_place(tmp_path, caplog):
    # Each frame is a key frame, so that a damaged one takes no other with it.
    clip = write_clip(tmp_path / "clip.mp4", level_frames(30), encoder={"g": "1"})
    with av.open(clip) as container:
        stored = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
    data = bytearray(clip.read_bytes())
    for i in (0, 11, 12, 29):
        position, size = stored[i]
        data[position : position + size] = b"\xff" * size
    clip.write_bytes(data)
    assert probe(clip).frame_count == 30
    with caplog.at_level(logging.WARNING, "dvs_jax"):
        found = levels(read_frames(clip))
    expected = list(range(30))
    expected[0], expected[11], expected[12], expected[29] = 1, 10, 10, 28
    assert found == expected
    assert "4 frames could not be decoded" in caplog.text


def test_few_frames_are_alive_at_a_time_however_long_the_film(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(60) * 3, sound=burst(6, 0))
    info = probe(clip)
    alive: weakref.WeakSet[np.ndarray] = weakref.WeakSet()
    most = 0
    with VideoWriter(tmp_path / "out.mp4", info, 64, 48, preset="ultrafast") as out:
        for frame, time_ns in zip(read_frames(clip), info.time_ns, strict=True):
            view = frame.view(Counted)
            alive.add(view)
            most = max(most, len(alive))
            out.write(view, time_ns)
    assert probe(tmp_path / "out.mp4").frame_count == 180
    assert most <= 3


class Counted(np.ndarray):
    """An array that a weak set can hold."""

    __hash__ = object.__hash__

import os
from pathlib import Path

import av
import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.video import probe, read_frames

from .clips import SAMPLE_RATE, burst, level_frames, write_clip


def test_files_that_are_no_video(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        probe(tmp_path / "missing.mp4")
    with pytest.raises(InputError, match="no such file"):
        list(read_frames(tmp_path / "missing.mp4"))
    (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(0).bytes(5000))
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("1 2 3\n" * 50)
    for name in ("noise.mp4", "empty.mp4", "notes.txt"):
        for read in (probe, lambda path: list(read_frames(path))):
            with pytest.raises(InputError, match=name) as caught:
                read(tmp_path / name)
            assert "\n" not in str(caught.value)


def test_sound_alone_is_no_video(tmp_path):
    sound = tmp_path / "sound.m4a"
    with av.open(sound, "w", format="mp4") as out:
        stream = out.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
        chunk = av.AudioFrame.from_ndarray(burst(0.5, 0), "fltp", "stereo")
        chunk.rate, chunk.pts = SAMPLE_RATE, 0
        out.mux(stream.encode(chunk))
        out.mux(stream.encode(None))
    with pytest.raises(InputError, match="no video in this file"):
        probe(sound)


def test_the_cover_of_a_song_is_no_video(tmp_path):
    song = tmp_path / "song.m4a"
    with av.open(song, "w", format="mp4") as out:
        stream = out.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
        cover = out.add_stream("mjpeg", rate=1, width=64, height=48, pix_fmt="yuvj420p")
        cover.disposition = av.stream.Disposition.attached_pic
        out.mux(cover.encode(av.VideoFrame(64, 48, "yuvj420p")))
        chunk = av.AudioFrame.from_ndarray(burst(0.5, 0), "fltp", "stereo")
        chunk.rate, chunk.pts = SAMPLE_RATE, 0
        out.mux(stream.encode(chunk))
        out.mux(stream.encode(None))
    with pytest.raises(InputError, match="no video in this file"):
        probe(song)


def test_a_file_cut_off_before_its_index_is_refused(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(30))
    data = clip.read_bytes()
    assert data.find(b"moov") > data.find(b"mdat")
    clip.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match="broken off"):
        probe(clip)


def test_tags_that_are_no_utf8_do_not_matter(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", level_frames(2), metadata={"title": "cafe"})
    clip.write_bytes(clip.read_bytes().replace(b"cafe", b"caf\xe9"))
    assert probe(clip).frame_count == 2


def test_pipes_are_refused_before_they_are_opened(tmp_path: Path):
    os.mkfifo(tmp_path / "clip.mp4")
    for read in (probe, lambda path: list(read_frames(path))):
        with pytest.raises(InputError, match=r"clip\.mp4: is a pipe"):
            read(tmp_path / "clip.mp4")
    folder = tmp_path / "images"
    folder.mkdir()
    os.mkfifo(folder / "0.png")
    with pytest.raises(InputError, match=r"0\.png: is a pipe"):
        probe(folder)


def test_a_list_of_videos_is_none(tmp_path: Path):
    write_clip(tmp_path / "part.ts", level_frames(5))
    text = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\npart.ts\n#EXT-X-ENDLIST\n"
    (tmp_path / "clip.m3u8").write_text(text)
    with pytest.raises(InputError, match=r"clip\.m3u8: is a list of files"):
        probe(tmp_path / "clip.m3u8")


def flv_tags(data: bytes, kind: int) -> list[int]:
    """Where the tags of a kind (8: sound, 9: video) begin."""
    found, at = [], 13
    while at < len(data):
        if data[at] == kind:
            found.append(at)
        at += 15 + int.from_bytes(data[at + 1 : at + 4], "big")
    return found


def test_a_stream_that_begins_late_is_passed_over(tmp_path: Path):
    clip = write_clip(tmp_path / "clip.flv", level_frames(60), sound=burst(1, 0))
    data = bytearray(clip.read_bytes())
    at = flv_tags(data, 9)[-6] + 11
    data[at] = data[at] & 0xF0 | 4  # of another codec, for which FFmpeg makes a stream
    clip.write_bytes(data)
    info = probe(clip)
    assert info.frame_count == 59
    assert info.time_ns[-1] > 1_900_000_000
    assert len(list(read_frames(clip))) == 59

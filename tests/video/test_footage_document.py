"""The table of footage that was tried, docs/footage.md: each row is made, read and written."""

import logging
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from dvs_jax.video import VideoInfo, VideoWriter, probe, read_pictures

from .clips import VARIABLE_TICKS, burst, level_frames, write_clip
from .test_interlace import woven
from .test_reading import textured_frames
from .test_tags import STANDARD, tagged
from .test_ten_bits import HLG, PQ, write_ramp
from .test_timeline import transport_stream
from .test_tracks import EIGHT, write

DOCUMENT = Path(__file__).parents[2] / "docs" / "footage.md"
GREY = level_frames(30)


def rows() -> dict[str, list[str]]:
    lines = re.findall(r"^\| (.*) \|$", DOCUMENT.read_text(), re.M)
    cells = [[cell.strip() for cell in line.split("|")] for line in lines if "---" not in line]
    return {name: rest for name, *rest in cells[1:]}


def of_unknown_codec(folder: Path) -> Path:
    clip = write(folder / "clip.mp4", EIGHT[:2])
    data = clip.read_bytes().replace(b"mp4a", b"apac", 1).replace(b"esds", b"free", 1)
    clip.write_bytes(data)
    return clip


def joined(folder: Path) -> Path:
    parts = [transport_stream(folder / f"{index}.ts") for index in range(2)]
    clip = folder / "clip.ts"
    clip.write_bytes(b"".join(part.read_bytes() for part in parts))
    return clip


def cut(folder: Path) -> Path:
    whole = write_clip(folder / "whole.ts", level_frames(40), encoder={"g": "20", "bf": "0"})
    with av.open(whole) as container:
        begin = [packet.pos for packet in container.demux(video=0) if packet.size][5]
    clip = folder / "clip.ts"
    clip.write_bytes(whole.read_bytes()[begin - begin % 188 :])
    return clip


def anamorphic(folder: Path) -> Path:
    clip = folder / "clip.mp4"
    with av.open(clip, "w") as out:
        stream = out.add_stream("libx264", rate=30, width=64, height=48, pix_fmt="yuv420p")
        stream.codec_context.sample_aspect_ratio = Fraction(2)
        for index in range(30):
            picture = av.VideoFrame.from_ndarray(GREY[index], "rgb24").reformat(format="yuv420p")
            picture.pts, picture.time_base = index, Fraction(1, 30)
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))
    return clip


def spoiled(clip: Path, frames: list[int], spoil: Callable[[bytes], bytes]) -> Path:
    with av.open(clip) as container:
        stored = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    data = clip.read_bytes()
    for index in frames:
        data = data.replace(stored[index], spoil(stored[index]), 1)
    clip.write_bytes(data)
    return clip


def damaged(folder: Path) -> Path:
    clip = write_clip(folder / "clip.mp4", textured_frames(30), encoder={"g": "1"})
    return spoiled(clip, [10, 11], lambda packet: b"\xff" * len(packet))


def with_hidden(folder: Path) -> Path:
    clip = write_clip(folder / "clip.webm", textured_frames(20), codec="libvpx")
    return spoiled(clip, [3], lambda packet: bytes([packet[0] & ~0x10]) + packet[1:])


def mxf(folder: Path) -> Path:
    return write_clip(
        folder / "clip.mxf",
        level_frames(30),
        codec="mpeg2video",
        time_base=Fraction(1, 30),
        sound=burst(1, 0.5),
        sound_codec="pcm_s16le",
    )


MADE: dict[str, Callable[[Path], Path]] = {
    "MP4, H.264 and AAC": lambda to: write_clip(to / "clip.mp4", GREY, sound=burst(1, 0.5)),
    "MOV, portrait": lambda to: write_clip(to / "clip.mov", GREY, rotation=90),
    "MP4, variable frame rate": lambda to: write_clip(
        to / "clip.mp4", level_frames(10), ticks=VARIABLE_TICKS
    ),
    "MP4, two languages": lambda to: write(to / "clip.mp4", EIGHT[:2]),
    "MP4, a track of an unknown codec": of_unknown_codec,
    "AVI, PCM in mono without a layout": lambda to: write(
        to / "clip.avi", [("pcm_s16le", "mono", "und", 500.0)]
    ),
    "MKV, subtitles": lambda to: write(to / "clip.mkv", EIGHT[:1], (("subrip", "deu"),)),
    "MOV, tags, timecode and chapters": lambda to: tagged(to / "clip.mov", STANDARD),
    "MTS, clock from 10 h on": lambda to: transport_stream(to / "clip.MTS", 36_000.0),
    "TS, two recordings joined": joined,
    "TS, cut before a key frame": cut,
    "MP4, interlaced": lambda to: write_clip(
        to / "clip.mp4", woven(6), encoder={"flags": "+ildct+ilme"}
    ),
    "MXF, MPEG-2 and PCM": mxf,
    "MP4, anamorphic": anamorphic,
    "MP4, damaged frames": damaged,
    "WebM, VP8 with a hidden frame": with_hidden,
    "MP4, 10 bits, PQ": lambda to: write_ramp(to / "clip.mp4", PQ),
    "MP4, 10 bits, HLG": lambda to: write_ramp(to / "clip.mp4", HLG, ""),
}


def shape(info: VideoInfo) -> list[str]:
    return [
        *([f"turned {info.rotation}°"] if info.rotation else []),
        *([f"pixels {info.pixel_aspect}:1"] if info.pixel_aspect != 1 else []),
    ]


def seen(info: VideoInfo) -> str:
    return ", ".join(
        [
            f"{info.frame_count} frames",
            *([f"{info.bit_depth} bits"] if info.bit_depth > 8 else []),
            *shape(info),
            *([f"{len(info.jumps)} jump of the clock"] if info.jumps else []),
            *([f"clock from {float(info.start):.0f} s"] if info.start > 10 else []),
        ]
    )


def kept(info: VideoInfo) -> str:
    with av.open(info.path) as container:
        video = container.streams.video[0]
        sounds = [
            f"{each.codec_context.name} {each.layout.name} {each.metadata.get('language', '')}"
            for each in container.streams.audio
        ]
        titles = [
            f"{each.codec_context.name} {each.metadata.get('language', '')}"
            for each in (container.streams.subtitles if info.has_subtitles else [])
        ]
        pictures = f"{video.codec_context.name} {video.format.name}"
    told = {
        "timecode": info.tags.timecode,
        "chapters": info.tags.chapters,
        **{name: info.tags.file.get(name) for name in ("creation_time", "location", "title")},
        "mastering": info.mastering.primaries and info.mastering.content,
    }
    tracks = [each.replace(" und", "").strip() for each in (*sounds, *titles)]
    return ", ".join(
        [pictures, *shape(info), *tracks, *(key for key, value in told.items() if value)]
    )


def test_every_row_is_made_here():
    assert list(rows()) == list(MADE)


@pytest.mark.parametrize("name", list(MADE))
def test_a_row_of_the_table_is_as_it_says(tmp_path, caplog, name):
    expected = rows()[name]
    source = MADE[name](tmp_path)
    with caplog.at_level(logging.INFO, "dvs_jax"):
        info = probe(source)
        target = tmp_path / "out.mp4"
        with VideoWriter(target, info, info.width, info.height, preset="ultrafast") as out:
            for picture, time_ns in zip(read_pictures(source), info.time_ns, strict=True):
                out.write_picture(picture, time_ns)
    written = probe(target)
    assert [seen(info), kept(written)] == expected[:2]
    messages = re.findall(r"`([^`]+)`", expected[2])
    assert len(caplog.records) == len(messages)
    for message in messages:
        assert message in caplog.text
    assert written.start < Fraction(1, 10)
    # Matroska's times are rounded to milliseconds, and get their exact rate back.
    atol = 500_000 if source.suffix in (".mkv", ".webm") else 60_000
    np.testing.assert_allclose(written.time_ns, info.time_ns, rtol=0, atol=atol)

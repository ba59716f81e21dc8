"""Footage as cameras write it, from the file to the stabilised video."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from dvs_jax import video
from dvs_jax.clip import load_clip
from dvs_jax.errors import InputError
from dvs_jax.methods import Smoothed
from dvs_jax.stabilization import Report, Settings, stabilize, stabilize_into
from dvs_jax.video import probe, read_frames
from dvs_jax.video.conversion import as_planes
from dvs_jax.video.picture import planes


def quickly(walk: Path, out: Path, **options) -> Report:
    options = {"preset": "ultrafast", "smoother": "gaussian", "refine": "none", **options}
    return stabilize(load_clip(walk), out, **options)


def in_ten_bits(walk: Path) -> None:
    source = walk / "walking.mp4"
    color = probe(source).color
    pictures = [as_planes(each, "yuv420p10le", color) for each in video.read_pictures(source)]
    with av.open(source, "w") as out:
        stream = out.add_stream("libx265", rate=30, width=192, height=108)
        stream.pix_fmt = "yuv420p10le"
        stream.options = {"crf": "8", "preset": "ultrafast", "x265-params": "log-level=error"}
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc = 9, 9, 18
        for index, picture in enumerate(pictures):
            picture.pts, picture.time_base = index, Fraction(1, 30)
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))


def written(file: Path) -> tuple[str, str]:
    with av.open(file) as container:
        stream = container.streams.video[0]
        return stream.codec_context.name, stream.format.name


@pytest.mark.slow
def test_ten_bits_are_drawn_as_eight_are(walk, tmp_path):
    eight = list(read_frames(quickly(walk, tmp_path / "eight", crf=4).cropped))
    in_ten_bits(walk)
    report = quickly(walk, tmp_path / "ten", crf=4)
    assert written(report.cropped) == ("hevc", "yuv420p10le")
    assert probe(report.cropped).color == video.Color(9, 9, 18)
    # In another matrix the same planes are other colours: their luma is compared.
    ten = [planes(each)[0] >> 2 for each in video.read_pictures(report.cropped)]
    luma = [each @ np.array([0.2126, 0.7152, 0.0722]) * 219 / 255 + 16 for each in eight]
    assert len(ten) == len(luma)
    assert np.mean([np.abs(a - b).mean() for a, b in zip(ten, luma, strict=True)]) < 3.0


@pytest.mark.slow
def test_prores_goes_into_mov_and_replaces_an_earlier_runs_videos(walk, tmp_path):
    quickly(walk, tmp_path / "out", uncropped=True)
    report = quickly(walk, tmp_path / "out", codec="prores")
    assert report.cropped == tmp_path / "out" / "walking_stab_crop.mov"
    assert written(report.cropped) == ("prores", "yuv422p10le")
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        *("walking_stab_crop.mov", "walking.txt", "walking.jpg")
    }
    with pytest.raises(InputError, match="no codec 'av1'; choose one of h264, hevc, prores"):
        quickly(walk, tmp_path / "out", codec="av1")


def test_a_lost_frame_repeats_the_one_before_without_a_jump(walk, tmp_path):
    source = walk / "walking.mp4"
    frames = list(read_frames(source))
    with av.open(source, "w") as out:
        stream = out.add_stream("libx264", rate=30, width=192, height=108, pix_fmt="yuv420p")
        stream.options = {"g": "1", "crf": "10"}
        for index, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(frame, "rgb24").reformat(format="yuv420p")
            picture.pts, picture.time_base = index, Fraction(1, 30)
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))
    with av.open(source) as container:
        stored = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
    data = bytearray(source.read_bytes())
    for position, size in stored[12:14]:
        data[position : position + size] = b"\xff" * size
    source.write_bytes(data)
    out = [f.astype(float) for f in read_frames(quickly(walk, tmp_path / "out", crf=4).cropped)]
    for index in (12, 13):
        assert np.abs(out[index] - out[11]).mean() < 1.0
    assert np.abs(out[14] - out[11]).mean() > 2.0


def test_one_video_is_named_as_its_codec_is_written(walk, tmp_path):
    clip = load_clip(walk)
    for codec, name in (("prores", "steady.mp4"), ("hevc", "steady.mov"), (None, "steady.mov")):
        settings = Settings(preset="ultrafast", codec=codec)
        with pytest.raises(InputError, match=r"steady\.m..: a video.* is written as \.m"):
            stabilize_into(clip, tmp_path / name, Smoothed("gaussian"), settings)
    report = stabilize_into(
        clip, tmp_path / "steady.mov", Smoothed("gaussian"), Settings(codec="prores")
    )
    assert written(report.cropped) == ("prores", "yuv422p10le")

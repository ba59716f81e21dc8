"""Videos of more than 8 bits stay so, with what HDR says of its display."""

import logging
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.video import Color, VideoWriter, probe, read_pictures
from dvs_jax.video.mastering import Mastering
from dvs_jax.video.picture import blank, planes, shrunk_luma

WIDTH, HEIGHT = 128, 96
PQ, HLG = (9, 9, 16), (9, 9, 18)
DISPLAY = (
    "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):"
    "max-cll=1000,400:hdr10=1"
)
MASTERING = Mastering(
    (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.329), (0.0001, 1000.0), (1000, 400)
)


def ramp(step: int = 0) -> np.ndarray:
    """Luma of 10 bits that rises by one level from column to column."""
    return np.tile(np.arange(WIDTH, dtype=np.uint16) + 300 + step, (HEIGHT, 1))


def write_ramp(path: Path, color: tuple[int, int, int] = PQ, display: str = DISPLAY) -> Path:
    with av.open(path, "w") as out:
        parameters = ":".join(filter(None, ["log-level=error", display]))
        options = {"crf": "1", "preset": "ultrafast", "x265-params": parameters}
        video = out.add_stream("libx265", rate=30, width=WIDTH, height=HEIGHT, options=options)
        video.pix_fmt = "yuv420p10le"
        context = video.codec_context
        context.colorspace, context.color_primaries, context.color_trc = color
        for index in range(5):
            picture = blank((WIDTH, HEIGHT), 10)
            luma, *both = planes(picture)
            luma[:] = ramp(index)
            for plane in both:
                plane[:] = 512
            picture.pts, picture.time_base = index, Fraction(1, 30)
            out.mux(video.encode(picture))
        out.mux(video.encode(None))
    return path


def rewrite(source: Path, target: Path, **settings) -> None:
    info = probe(source)
    with VideoWriter(target, info, info.width, info.height, crf=1, **settings) as out:
        for picture, time_ns in zip(read_pictures(source), info.time_ns, strict=True):
            out.write_picture(picture, time_ns)


def stored(path: Path) -> tuple[str, str, str]:
    with av.open(path) as container:
        stream = container.streams.video[0]
        return stream.codec_context.name, stream.codec_context.codec_tag, stream.format.name


def error(path: Path) -> float:
    """The mean error of the third frame's luma in levels of 10 bits."""
    picture = list(read_pictures(path))[2]
    luma = planes(picture)[0].astype(float) * (1 if "10" in picture.format.name else 4)
    return float(np.abs(luma - ramp(2)).mean())


def test_ten_bits_become_hevc_with_every_level_and_the_display(tmp_path):
    clip = write_ramp(tmp_path / "clip.mp4")
    info = probe(clip)
    assert (info.bit_depth, info.color) == (10, Color(*PQ))
    assert info.mastering.content == (1000, 400)
    assert info.mastering.luminance == pytest.approx(MASTERING.luminance)
    assert info.mastering.primaries == pytest.approx(MASTERING.primaries, abs=1e-6)
    rewrite(clip, tmp_path / "out.mp4")
    assert stored(tmp_path / "out.mp4") == ("hevc", "hvc1", "yuv420p10le")
    again = probe(tmp_path / "out.mp4")
    assert (again.color, again.mastering) == (info.color, info.mastering)
    assert error(tmp_path / "out.mp4") < 0.3


def test_a_crf_of_zero_is_lossless(tmp_path):
    clip = write_ramp(tmp_path / "clip.mp4")
    info = probe(clip)
    with VideoWriter(tmp_path / "out.mp4", info, WIDTH, HEIGHT, crf=0) as out:
        for picture, time_ns in zip(read_pictures(clip), info.time_ns, strict=True):
            out.write_picture(picture, time_ns)
    for pair in zip(read_pictures(clip), read_pictures(out.path), strict=True):
        np.testing.assert_array_equal(*(planes(each)[0] for each in pair))


@pytest.mark.parametrize(
    ("codec", "suffix", "expected", "largest"),
    [
        ("h264", ".mp4", ("h264", "avc1", "yuv420p"), 1.7),
        ("hevc", ".mkv", ("hevc", "\0\0\0\0", "yuv420p10le"), 0.3),
        ("prores", ".mov", ("prores", "apch", "yuv422p10le"), 0.5),
    ],
)
def test_another_codec_may_be_chosen(tmp_path, caplog, codec, suffix, expected, largest):
    clip = write_ramp(tmp_path / "clip.mp4", HLG, "")
    assert probe(clip).mastering == Mastering()
    out = tmp_path / f"out{suffix}"
    with caplog.at_level(logging.INFO, "dvs_jax"):
        rewrite(clip, out, codec=codec)
    assert stored(out) == expected
    assert probe(out).color == Color(*HLG)
    assert error(out) < largest
    assert ("has more than 8 bits, of which H.264 keeps 8" in caplog.text) == (codec == "h264")


def test_prores_takes_a_mov(tmp_path):
    info = probe(write_ramp(tmp_path / "clip.mp4"))
    with pytest.raises(InputError, match=r"ProRes is written to a file that ends in \.mov"):
        VideoWriter(tmp_path / "out.mp4", info, WIDTH, HEIGHT, codec="prores")


def test_shrunk_luma_has_eight_bits(tmp_path):
    picture = next(read_pictures(write_ramp(tmp_path / "clip.mp4")))
    small = shrunk_luma(picture, (32, 24))
    assert small.dtype == np.uint8
    expected = (ramp()[0].reshape(32, 4).mean(axis=1) / 4).astype(int)
    assert np.abs(small[12].astype(int) - expected).max() <= 1

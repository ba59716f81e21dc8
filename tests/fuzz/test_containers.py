"""Video files with bytes changed at random: read, or refused by one line that names them."""

import functools
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given

from dvs_jax import clip, video
from tests.video.clips import SAMPLE_RATE, burst, level_frames

from .budget import budget
from .examination import outcome
from .examiner import examiner
from .mutation import mutations

KINDS = {
    ".mp4": ("libx264", "aac"),
    ".mov": ("mpeg4", "pcm_s16le"),
    ".mkv": ("libx264", "aac"),
    ".webm": ("libvpx", "libopus"),
    ".avi": ("mpeg4", "mp3"),
    ".flv": ("libx264", "aac"),
    ".ts": ("libx264", "aac"),
}
"""Codecs of picture and sound by container."""

FEW = 12


@functools.cache
def original(kind: str, folder: Path) -> bytes:
    """A valid video of a quarter of a second with sound."""
    path = folder / f"original{kind}"
    picture_codec, sound_codec = KINDS[kind]
    options = {"flvflags": "no_duration_filesize"} if kind == ".flv" else {}
    with av.open(str(path), "w", container_options=options) as out:
        pictures = out.add_stream(picture_codec, rate=30, width=64, height=48)
        pictures.pix_fmt = "yuv420p"
        sound = out.add_stream(sound_codec, rate=SAMPLE_RATE, layout="stereo")
        for index, frame in enumerate(level_frames(8, 64, 48)):
            picture = av.VideoFrame.from_ndarray(frame, "rgb24").reformat(format="yuv420p")
            picture.pts, picture.time_base = index, Fraction(1, 30)
            out.mux(pictures.encode(picture))
        out.mux(pictures.encode(None))
        chunk = av.AudioFrame.from_ndarray(burst(0.25, 0), "fltp", "stereo")
        chunk.rate, chunk.pts, chunk.time_base = SAMPLE_RATE, 0, Fraction(1, SAMPLE_RATE)
        resampler = av.AudioResampler(sound.format, sound.layout, SAMPLE_RATE, sound.frame_size)
        for part in [*resampler.resample(chunk), *resampler.resample(None)]:
            out.mux(sound.encode(part))
        out.mux(sound.encode(None))
    return path.read_bytes()


def read_whole(path: Path) -> None:
    """Read a video as stabilising does, pictures and sound, and write one of its times."""
    loaded = clip.load_clip(path)
    info = loaded.video
    assert (np.diff(info.time_ns) > 0).all()
    assert sum(1 for _ in clip.read_pictures(loaded)) == loaded.frame_count == info.frame_count
    with video.VideoWriter(path.with_name("copy.mp4"), info, 64, 48, preset="ultrafast") as copy:
        for time_ns in info.time_ns[:50]:
            copy.write(np.zeros((48, 64, 3), np.uint8), int(time_ns))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("containers")
    times = range(0, 10**9, 10**7)
    rows = "".join(f"{time / 1e9},0.01,0.02,0.03\n" for time in times)
    (folder / "gyro.csv").write_text("t_s,wx,wy,wz\n" + rows)
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_the_originals_are_read(kind: str, folder: Path):
    (folder / f"valid{kind}").write_bytes(original(kind, folder))
    assert outcome(read_whole, folder / f"valid{kind}") == ""
    assert video.probe(folder / f"valid{kind}").frame_count == 8
    assert video.probe(folder / f"valid{kind}").has_audio


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_containers(kind: str, folder: Path, fuzz_examples: int | None):
    valid = original(kind, folder)

    @budget(FEW, fuzz_examples)
    @given(data=mutations(valid))
    def damaged(data: bytes) -> None:
        path = folder / f"damaged{kind}"
        path.write_bytes(data)
        examine(path)

    with examiner(read_whole, fuzz_examples) as examine:
        damaged()

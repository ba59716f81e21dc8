"""Small clips whose every frame is known, and what is heard and stored in them."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from dvs_jax.video import VideoInfo, VideoWriter, probe, read_frames

NTSC = Fraction(30000, 1001)
LEVEL_STEP = 4  # frame i of a clip has grey level i * LEVEL_STEP
SAMPLE_RATE = 48_000
VARIABLE_TICKS = [0, 3003, 5800, 9100, 12_345, 14_980, 18_200, 21_003, 24_444, 27_000]
LIMITED, FULL = 1, 2


def level_frames(count: int, width: int = 64, height: int = 48) -> list[np.ndarray]:
    return [np.full((height, width, 3), i * LEVEL_STEP, np.uint8) for i in range(count)]


def levels(frames) -> list[int]:
    return [round(float(frame.mean()) / LEVEL_STEP) for frame in frames]


def color_chart(width: int, height: int) -> np.ndarray:
    """An 8 × 4 board of saturated and pale colours, in squares that chroma subsampling spares."""
    colors = np.random.default_rng(0).integers(0, 256, (4, 8, 3), np.uint8)
    colors[0] = [[r, g, b] for r in (0, 255) for g in (0, 255) for b in (0, 255)]
    return cv2.resize(colors, (width, height), interpolation=cv2.INTER_NEAREST)


def square_centers(chart: np.ndarray) -> np.ndarray:
    height, width, _ = chart.shape
    return chart[height // 8 :: height // 4, width // 16 :: width // 8].astype(int)


def burst(seconds: float, start: float) -> np.ndarray:
    """A 1 kHz tone from `start` on: float32 [2, sample]."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tone = 0.5 * np.sin(2 * np.pi * 1000 * time) * (time >= start)
    return np.stack([tone, tone]).astype(np.float32)


def write_clip(
    path: Path,
    frames: list[np.ndarray],
    *,
    rate: Fraction = Fraction(30),
    time_base: Fraction = Fraction(1, 90_000),
    ticks: list[int] | None = None,
    pix_fmt: str = "yuv420p",
    color: tuple[int, int, int, int] = (2, 2, 2, 1),  # matrix, primaries, transfer, range
    tagged: bool = True,
    rotation: int = 0,
    mirrored: bool = False,
    sound: np.ndarray | None = None,
    sound_codec: str = "aac",
    sound_start: int = 0,
    codec: str = "libx264",
    encoder: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
    faststart: bool = False,
    fragmented: bool = False,
) -> Path:
    flags = "+faststart" * faststart + "+frag_keyframe+empty_moov" * fragmented
    height, width, _ = frames[0].shape
    ticks = ticks or [round(i / rate / time_base) for i in range(len(frames))]
    with av.open(path, "w", container_options={"movflags": flags} if flags else {}) as out:
        out.metadata.update(metadata or {})
        video = out.add_stream(codec, rate=rate, width=width, height=height, time_base=time_base)
        video.pix_fmt = pix_fmt
        video.options = {"crf": "4"} | (encoder or {}) if codec == "libx264" else {}
        context = video.codec_context
        matrix, context.color_primaries, context.color_trc, context.color_range = color
        context.colorspace = matrix if tagged else 2
        if rotation or mirrored:
            video.set_display_rotation(rotation, hflip=mirrored)
        if sound is not None:
            audio = out.add_stream(sound_codec, rate=SAMPLE_RATE, layout="stereo")
        sws = {1: Colorspace.ITU709, 9: Colorspace.BT2020}.get(matrix, Colorspace.ITU601)
        for frame, tick in zip(frames, ticks, strict=True):
            picture = av.VideoFrame.from_ndarray(frame, "rgb24").reformat(
                format=pix_fmt,
                dst_colorspace=sws,
                src_color_range=ColorRange.JPEG,
                dst_color_range=color[3],
                interpolation="BILINEAR",
            )
            picture.pts, picture.time_base = tick, time_base
            out.mux(video.encode(picture))
        out.mux(video.encode(None))
        if sound is not None:
            chunk = av.AudioFrame.from_ndarray(sound, "fltp", "stereo")
            chunk.rate, chunk.pts, chunk.time_base = (
                SAMPLE_RATE,
                sound_start,
                Fraction(1, SAMPLE_RATE),
            )
            out.mux(audio.encode(chunk))
            out.mux(audio.encode(None))
    return path


def packets(path: Path, kind: str) -> list[tuple[Fraction, bytes]]:
    """Time in seconds and contents of every packet of a stream."""
    with av.open(path) as container:
        stream = container.streams.best(kind)
        base = Fraction(stream.time_base.numerator, stream.time_base.denominator)
        return [(p.pts * base, bytes(p)) for p in container.demux(stream) if p.size]


def samples(path: Path) -> tuple[float, np.ndarray]:
    """Time of the first sample in seconds, and the left channel."""
    with av.open(path) as container:
        chunks = list(container.decode(audio=0))
    return chunks[0].time, np.concatenate(
        [
            c.to_ndarray().reshape(2, -1)[0]
            if c.format.is_planar
            else c.to_ndarray().reshape(-1, 2)[:, 0] / 32768
            for c in chunks
        ]
    )


def onset(path: Path) -> float:
    start, left = samples(path)
    return start + int(np.argmax(np.abs(left) > 0.2)) / SAMPLE_RATE


def copy(source: Path, target: Path, **settings) -> VideoInfo:
    """Read → write; returns what was written."""
    info = probe(source)
    with VideoWriter(target, info, info.width, info.height, preset="ultrafast", **settings) as out:
        for frame, time_ns in zip(read_frames(source), info.time_ns, strict=True):
            out.write(frame, time_ns)
    return probe(target)


def hand_made(folder: Path, count: int = 10) -> VideoInfo:
    """A description with no file behind it, as a synthetic clip has."""
    time_ns = np.array([round(i * 10**9 / 30) for i in range(count)], np.int64)
    return VideoInfo(folder / "none", 64, 48, Fraction(30), time_ns, rotation=0, has_audio=False)


def write_levels(path: Path, info: VideoInfo, size: tuple[int, int] = (64, 48), **settings) -> None:
    with VideoWriter(path, info, *size, preset="ultrafast", **settings) as out:
        for frame, time_ns in zip(
            level_frames(len(info.time_ns), *size), info.time_ns, strict=True
        ):
            out.write(frame, time_ns)

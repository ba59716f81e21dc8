"""Videos as GoPro cameras write them: telemetry (GPMF) packets beside the pictures."""

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

SCALE = 1000


def record(key: str, kind: str, size: int, count: int, body: bytes) -> bytes:
    """One GPMF record, filled up to whole words."""
    head = key.encode() + kind.encode() + bytes([size]) + struct.pack(">H", count)
    return head + body + bytes(-len(body) % 4)


def text(key: str, letters: str) -> bytes:
    return record(key, "c", 1, len(letters), letters.encode("latin-1"))


def number(key: str, kind: str, value: float) -> bytes:
    form = {"f": ">f", "L": ">I", "J": ">Q", "s": ">h"}[kind]
    return record(key, kind, struct.calcsize(form), 1, struct.pack(form, value))


def nest(key: str, *records: bytes) -> bytes:
    body = b"".join(records)
    return record(key, "\0", 1, len(body), body)


def sensor(key: str, samples: np.ndarray, *others: bytes) -> bytes:
    """A stream of three-component samples in thousandths."""
    body = np.rint(samples * SCALE).astype(">i2").tobytes()
    return nest(
        "STRM", *others, number("SCAL", "s", SCALE), record(key, "s", 6, len(samples), body)
    )


def packet(*streams: bytes) -> bytes:
    return nest("DEVC", number("DVID", "L", 1), text("DVNM", "Camera"), *streams)


def write(
    file: Path,
    packets: Sequence[bytes],
    settings: Sequence[bytes] = (),
    frames: int = 60,
    packet_ms: int = 1000,
) -> Path:
    """Write a video of 30 frames/s with a packet each second, and settings as the camera's own."""
    with av.open(str(file), "w") as container:
        video = container.add_stream("libx264", rate=30)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        data = container.add_data_stream("bin_data")
        data.time_base = Fraction(1, 1000)
        shade = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(np.roll(shade, index, 1), format="rgb24")
            frame.pts = index
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for index, content in enumerate(packets):
            made = av.Packet(content)
            made.stream, made.time_base = data, Fraction(1, 1000)
            made.pts = made.dts = index * packet_ms
            made.duration = packet_ms
            container.mux(made)
    if settings:
        _add_settings(file, nest("DEVC", text("DVNM", "Global Settings"), *settings))
    return file


def _add_settings(file: Path, settings: bytes) -> None:
    """Append the box GPMF to moov/udta, which lie at the file's end."""
    content = bytearray(file.read_bytes())
    box = struct.pack(">I", len(settings) + 8) + b"GPMF" + settings
    for name in (b"moov", b"udta"):
        place = content.rindex(name) - 4
        size = struct.unpack_from(">I", content, place)[0]
        assert place + size == len(content)
        struct.pack_into(">I", content, place, size + len(box))
    file.write_bytes(content + box)

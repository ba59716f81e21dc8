import re
import struct
import zlib
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.video import probe, read_frames
from dvs_jax.video.size import require_size
from tests.memory import traced_memory

from .clips import level_frames, levels, write_clip


@pytest.mark.parametrize(
    "size", [(1, 1), (7680, 4320), (8192, 4352), (2160, 16384), (16384, 256), (256, 16384)]
)
def test_sizes_of_videos(size: tuple[int, int]):
    require_size(Path("a.mp4"), *size)


@pytest.mark.parametrize(
    ("size", "complaint"),
    [
        ((0, 48), "is empty"),
        ((-1, 48), "is empty"),
        ((8193, 4352), "too large: a video has at most 16384 a side and 36 million together"),
        ((16385, 300), "too large"),
        ((100_000, 100_000), "too large"),
        ((10, 16384), "one side is over 64 times the other"),
        ((6500, 100), "one side is over 64 times the other"),
    ],
)
def test_sizes_beyond_any_video_are_refused(size: tuple[int, int], complaint: str):
    with pytest.raises(InputError, match=rf"a\.mp4: a picture of .* × .* {complaint}"):
        require_size(Path("a.mp4"), *size)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(100))
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def jpeg(width: int, height: int) -> bytes:
    data = bytearray(cv2.imencode(".jpg", np.zeros((16, 16, 3), np.uint8))[1].tobytes())
    at = data.find(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def bmp(width: int, height: int) -> bytes:
    file = b"BM" + struct.pack("<IHHI", 54, 0, 0, 54)
    return file + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    "picture",
    [
        *(png(100_000, 100_000), png(10, 1_000_000), png(12_000, 12_000), png(16, 16_384)),
        *(jpeg(65_500, 65_500), jpeg(65_500, 16), bmp(60_000, 60_000), bmp(100, -(2**31))),
    ],
    ids=lambda picture: f"{len(picture)} {picture[16:24].hex()}",
)
def test_pictures_of_a_giant_size_are_refused_by_their_headers(tmp_path: Path, picture: bytes):
    (tmp_path / "0.png").write_bytes(picture)
    with traced_memory() as taken, pytest.raises(InputError, match=r"0\.png: .*(large|64 times)"):
        probe(tmp_path)
    assert taken() < 10_000_000


def test_a_giant_picture_among_others_is_refused_by_its_header(tmp_path: Path):
    for name in ("0.png", "1.png"):
        cv2.imwrite(str(tmp_path / name), np.zeros((48, 64, 3), np.uint8))
    (tmp_path / "2.png").write_bytes(png(5000, 5000))
    with pytest.raises(InputError, match=r"2\.png: is 5000 × 5000, .* 64 × 48"):
        list(read_frames(tmp_path))


def write_pictures(path: Path, pictures: list[bytes]) -> Path:
    """A video whose packets are these PNG files."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("png", rate=30, width=64, height=48, pix_fmt="rgb24")
        for index, picture in enumerate(pictures):
            packet = av.Packet(picture)
            packet.stream, packet.pts, packet.dts = stream, index, index
            packet.time_base, packet.is_keyframe = Fraction(1, 30), True
            out.mux(packet)
    return path


@pytest.mark.parametrize(
    ("size", "complaint"),
    [
        ((30_000, 30_000), "(not one frame|cannot be read)"),
        ((20_000, 400), "20000 × 400 .* too large"),
    ],
)
def test_a_video_that_declares_a_giant_size_is_refused(tmp_path: Path, size, complaint):
    clip = write_clip(tmp_path / "clip.avi", level_frames(5), codec="huffyuv", pix_fmt="yuv422p")
    data = clip.read_bytes()
    declared = struct.pack("<ii", 64, 48)
    assert declared in data
    clip.write_bytes(data.replace(declared, struct.pack("<ii", *size)))
    with pytest.raises(InputError, match=rf"clip\.avi: .*{complaint}"):
        probe(clip)


def test_a_picture_that_grows_to_a_giant_in_mid_stream_is_not_decoded(tmp_path: Path, caplog):
    small = cv2.imencode(".png", np.full((48, 64, 3), 136, np.uint8))[1].tobytes()
    clip = write_pictures(tmp_path / "clip.mov", [small, png(30_000, 30_000), small])
    assert probe(clip).frame_count == 3
    assert len(set(levels(read_frames(clip)))) == 1
    assert re.search(r"[12] frames could not be decoded", caplog.text)


def test_a_picture_that_grows_in_mid_stream_is_named(tmp_path: Path):
    small, large = (
        cv2.imencode(".png", np.zeros((height, 64, 3), np.uint8))[1].tobytes()
        for height in (48, 96)
    )
    clip = write_pictures(tmp_path / "clip.mov", [small, large])
    with pytest.raises(InputError, match=r"clip\.mov: the frame size changes"):
        list(read_frames(clip))

"""Flow files: Middlebury .flo, KITTI 16-bit .png and compressed .npz.

In memory a flow is float32 [height, width, 2], (dx, dy) in pixels; a pixel whose flow is
unknown, as ground truth has them, is NaN in both components.
"""

import io
import struct
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt16

from dvs_jax.bounded_file import read_bytes
from dvs_jax.errors import InputError, reading
from dvs_jax.flow import flow_archive
from dvs_jax.whole_file import make_folder, replacing

Flow = Float[np.ndarray, "height width 2"]

_MAGIC = struct.pack("<f", 202021.25)
_HEADER = struct.Struct("<4sii")
# Middlebury's marker for unknown flow, and the bound that its readers compare with.
_UNKNOWN = np.float32(1.666666752e9)
_UNKNOWN_FROM = 1e9
_KITTI_ZERO = 2**15
_KITTI_STEPS_PER_PIXEL = 64.0
_PNG_BEGIN = struct.Struct(">8sI4sIIBB")
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SIXTEEN_BIT_RGB = (16, 2)
_MOST_BYTES_PER_PIXEL = 16
_LARGEST_OVERHEAD = 1 << 16

LARGEST_PIXELS = 1 << 25
"""The most pixels that the flow of a video may have: 8192 × 4096."""


def read(path: str | Path, largest: int = LARGEST_PIXELS) -> Flow:
    """Read a flow file by its ending: .flo, .png (KITTI) or .npz.

    Args:
      path: the file.
      largest: how many pixels the flow may have; more are refused before they take memory.

    Returns:
      Flow, float32 [height, width, 2] in pixels, (dx, dy), NaN where the file says it is unknown.

    Raises:
      InputError: no such file, an unknown ending, or content that is no flow or too large.
    """
    path = Path(path)
    reader, _ = _format(path)
    content = read_bytes(path, _MOST_BYTES_PER_PIXEL * largest + _LARGEST_OVERHEAD)
    return reader(content, path, largest)


def write(path: str | Path, flow: Flow) -> None:
    """Write a flow file by its ending: .flo, .png (KITTI) or .npz; whole or not at all.

    Args:
      path: file to write; its folder is made if missing.
      flow: [height, width, 2] in pixels, (dx, dy), NaN in both components where unknown.

    Raises:
      InputError: an unknown ending, an array that is no flow, values the format cannot hold, or a
        folder that cannot be written to.
    """
    path = Path(path)
    _, writer = _format(path)
    content = writer(_checked(np.asarray(flow, np.float32), path), path)
    make_folder(path.parent)
    with replacing(path) as part:
        part.write_bytes(content)


def require_known(flow: Flow, path: str | Path) -> Flow:
    """Return a flow that is finite everywhere.

    Raises:
      InputError: some pixels of the flow are unknown; the message names `path`.
    """
    unknown = ~np.isfinite(flow).all(axis=-1)
    if unknown.any():
        raise InputError(
            f"{path}: the flow of {unknown.sum()} of {unknown.size} pixels is unknown; "
            "dense flow is needed here: compute it again with `dvs-jax flow`"
        )
    return flow


def _format(path: Path) -> tuple[Callable[[bytes, Path, int], Flow], Callable[[Flow, Path], bytes]]:
    formats = {
        ".flo": (_parse_flo, _pack_flo),
        ".png": (_parse_kitti, _pack_kitti),
        ".npz": (_parse_npz, _pack_npz),
    }
    if path.suffix.lower() not in formats:
        raise InputError(f"{path}: flow files end in .flo, .png (KITTI) or .npz")
    return formats[path.suffix.lower()]


def _checked(flow: Flow, path: Path) -> Flow:
    if flow.ndim != 3 or flow.shape[2] != 2 or 0 in flow.shape:
        raise InputError(f"{path}: flow has the shape [height, width, 2], this array {flow.shape}")
    broken = np.isinf(flow).any(axis=-1) | (np.isnan(flow[..., 0]) != np.isnan(flow[..., 1]))
    if broken.any():
        row, column = np.argwhere(broken)[0]
        raise InputError(
            f"{path}: not a finite flow at row {row}, column {column} "
            f"({broken.sum()} such pixels); the file is damaged or was made by a failed estimate"
        )
    return flow


def _require_size(width: int, height: int, path: Path, largest: int) -> None:
    if width < 1 or height < 1:
        raise InputError(f"{path}: impossible size {width} × {height} in the header")
    if width * height > largest:
        raise InputError(
            f"{path}: impossible size {width} × {height} in the header, too large for the video; "
            f"its flow has at most {largest} pixels"
        )


def _parse_flo(content: bytes, path: Path, largest: int) -> Flow:
    if len(content) < _HEADER.size:
        raise InputError(f"{path}: truncated .flo file, {len(content)} bytes; compute it again")
    magic, width, height = _HEADER.unpack_from(content)
    if magic != _MAGIC:
        raise InputError(f"{path}: not a .flo file, it starts with {magic!r} instead of b'PIEH'")
    _require_size(width, height, path, largest)
    expected = _HEADER.size + 8 * width * height
    if len(content) != expected:
        problem = "truncated .flo file" if len(content) < expected else ".flo file too long"
        raise InputError(
            f"{path}: {problem}, {len(content)} bytes where {width} × {height} needs {expected}; "
            "compute it again"
        )
    values = np.frombuffer(content, "<f4", offset=_HEADER.size).reshape(height, width, 2)
    flow = values.astype(np.float32)
    if np.isnan(flow).any():
        raise InputError(f"{path}: the .flo file holds values that are not finite")
    _checked(flow, path)
    flow[(np.abs(flow) > _UNKNOWN_FROM).any(axis=-1)] = np.nan
    return flow


def _pack_flo(flow: Flow, path: Path) -> bytes:
    height, width, _ = flow.shape
    values = np.where(np.isnan(flow), _UNKNOWN, flow).astype("<f4")
    return _HEADER.pack(_MAGIC, width, height) + values.tobytes()


def _parse_kitti(content: bytes, path: Path, largest: int) -> Flow:
    _require_kitti(content, path, largest)
    with reading(path, "not a readable PNG"):
        # OpenCV orders the channels blue, green, red: valid, dy, dx.
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if not isinstance(image, np.ndarray):
        raise InputError(f"{path}: not a readable PNG")
    if image.dtype != np.uint16 or image.ndim != 3 or image.shape[2] != 3:
        raise InputError(f"{path}: KITTI flow is a PNG of three 16-bit channels, this one is not")
    steps = image[..., :0:-1].astype(np.float32) - _KITTI_ZERO
    return np.where(image[..., :1] > 0, steps / _KITTI_STEPS_PER_PIXEL, np.float32(np.nan))


def _require_kitti(content: bytes, path: Path, largest: int) -> None:
    """Check the size and type that a PNG's header declares, before OpenCV allocates memory."""
    if len(content) < _PNG_BEGIN.size or not content.startswith(_PNG_SIGNATURE):
        raise InputError(f"{path}: not a readable PNG")
    _, _, chunk, width, height, *kind = _PNG_BEGIN.unpack_from(content)
    if chunk != b"IHDR":
        raise InputError(f"{path}: not a readable PNG")
    _require_size(width, height, path, largest)
    if tuple(kind) != _SIXTEEN_BIT_RGB:
        raise InputError(f"{path}: KITTI flow is a PNG of three 16-bit channels, this one is not")


def _pack_kitti(flow: Flow, path: Path) -> bytes:
    known = ~np.isnan(flow[..., 0])
    _, encoded = cv2.imencode(".png", _kitti_image(flow, known, path))
    return encoded.tobytes()


def _kitti_image(
    flow: Flow, known: Bool[np.ndarray, "height width"], path: Path
) -> UInt16[np.ndarray, "height width 3"]:
    steps = np.rint(np.where(known[..., None], flow, 0) * _KITTI_STEPS_PER_PIXEL) + _KITTI_ZERO
    if steps.min() < 0 or steps.max() > np.iinfo(np.uint16).max:
        raise InputError(f"{path}: KITTI PNG holds flow up to 512 px; write .flo or .npz instead")
    return np.dstack([known, steps[..., 1], steps[..., 0]]).astype(np.uint16)


def _parse_npz(content: bytes, path: Path, largest: int) -> Flow:
    with (
        reading(path, "not an .npz file that holds flow, an array 'flow' of real numbers"),
        # Values that overflow float32 become infinite, and are refused as such.
        np.errstate(over="ignore"),
    ):
        flow = flow_archive.read(content, 2 * largest).astype(np.float32)
    return _checked(flow, path)


def _pack_npz(flow: Flow, path: Path) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, flow=flow)
    return buffer.getvalue()

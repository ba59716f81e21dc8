"""Cuts real cameras' gyro logs into clips as long as the synthetic ones."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath
from dvs_jax.errors import InputError
from dvs_jax.fused import record
from dvs_jax.fused.record import Record
from dvs_jax.sensors import camera_file, gyro

FRAME_RATE = 30.0
"""Of the invented frame times."""
SIZE = (1920, 1080)


def records(files: Sequence[Path], seconds: float) -> Iterator[Record]:
    """Cut gyro logs into clips without flow.

    Args:
        files: gyro logs of any known layout; a camera.toml beside a log gives its axes.
        seconds: length of a clip; its gyro log extends half a second further at both ends.

    Raises:
        InputError: a file is not a gyro log, or is too short for one clip.
    """
    for file in files:
        camera, path = require_usable(file, seconds)
        span_ns = _span_ns(seconds)
        starts = range(path.time_ns[0], path.time_ns[-1] - span_ns + 1, span_ns)
        for index, start in enumerate(starts):
            piece = _between(path, start, start + span_ns)
            frame_ns = start + record.GYRO_MARGIN_NS + _frame_times_ns(seconds)
            flow = record.no_flow(len(frame_ns) - 1)
            name = f"{file.stem}-{index:05}"
            yield record.record_of_path(name, piece, frame_ns, camera, SIZE, flow)


def require_usable(file: Path, seconds: float) -> tuple[Camera, CameraPath]:
    """Return a log's camera and its path (see `records`)."""
    description = file.parent / "camera.toml"
    camera = camera_file.read(description) if description.exists() else Camera()
    path = gyro.read(file, camera)
    lasting_ns = path.time_ns[-1] - path.time_ns[0]
    if lasting_ns < _span_ns(seconds):
        raise InputError(
            f"{file}: {lasting_ns * 1e-9:.1f} s of gyro are too short; "
            f"a clip takes {_span_ns(seconds) * 1e-9:.1f} s"
        )
    return camera, path


def _span_ns(seconds: float) -> int:
    return round(seconds * 1e9) + 2 * record.GYRO_MARGIN_NS


def _frame_times_ns(seconds: float) -> np.ndarray:
    return np.rint(np.arange(round(seconds * FRAME_RATE)) * (1e9 / FRAME_RATE)).astype(np.int64)


def _between(path: CameraPath, begin_ns: int, end_ns: int) -> CameraPath:
    within = slice(*np.searchsorted(path.time_ns, [begin_ns, end_ns]))
    return CameraPath(path.time_ns[within], path.quaternion[within])

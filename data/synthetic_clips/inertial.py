"""Draws synthetic clips whose camera turns as a real one did, from its gyro log."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath
from dvs_jax.errors import InputError
from dvs_jax.sensors import camera_file, gyro
from dvs_jax.synthetic import SyntheticClip, logs, recorded_angles
from dvs_jax.synthetic.variety import log_uniform
from dvs_jax.synthetic.waves import Waves

MARGIN_NS = logs.MARGIN_NS + 100_000_000
"""How far the recording extends before and after the clip's frames: its logs, and a readout."""

STRENGTH = (0.2, 1.0)
"""Factor on the recorded angles, drawn log-uniformly: few recordings are mild ones too."""

TRIES = 100
"""Places in the recordings that are tried for one where the camera does not turn over."""


def read(files: Sequence[Path], seconds: float) -> list[CameraPath]:
    """Read gyro logs of any known layout; a camera.toml beside a log gives its axes.

    Args:
        files: the logs.
        seconds: length of the clips to be drawn.

    Raises:
        InputError: a file is not a gyro log, is too short for one clip, or its camera turns over
            all the time.
    """
    return [_read(file, seconds) for file in files]


def _read(file: Path, seconds: float) -> CameraPath:
    description = file.parent / "camera.toml"
    camera = camera_file.read(description) if description.exists() else Camera()
    path = gyro.read(file, camera)
    lasting_ns, needed_ns = path.time_ns[-1] - path.time_ns[0], _span_ns(seconds)
    if lasting_ns < needed_ns:
        raise InputError(
            f"{file}: {lasting_ns * 1e-9:.1f} s of gyro are too short; "
            f"a clip takes {needed_ns * 1e-9:.1f} s"
        )
    try:
        _draw_angles(np.random.default_rng(0), [path], seconds)
    except InputError as error:
        raise InputError(f"{file}: {error}, wherever a clip is cut out of it") from None
    return path


def turned(
    clip: SyntheticClip, paths: Sequence[CameraPath], rng: np.random.Generator
) -> SyntheticClip:
    """Return a clip whose camera turns as one of the recordings from a random time on.

    Each angle's sign and the strength are drawn too.
    """
    strength = log_uniform(rng, STRENGTH)
    angles = _draw_angles(rng, paths, clip.duration_s)
    signed = replace(angles, amplitude=angles.amplitude * rng.choice([-1.0, 1.0], 3))
    return replace(clip, strength=strength, angles=signed)


def _draw_angles(rng: np.random.Generator, paths: Sequence[CameraPath], seconds: float) -> Waves:
    span_ns, failed = _span_ns(seconds), InputError("")
    room_ns = np.array([path.time_ns[-1] - path.time_ns[0] - span_ns for path in paths])
    for _ in range(TRIES):
        chosen = rng.choice(len(paths), p=(room_ns + 1) / (room_ns + 1).sum())
        begin = int(paths[chosen].time_ns[0] + rng.integers(room_ns[chosen] + 1))
        try:
            return recorded_angles(paths[chosen], begin, begin + MARGIN_NS, begin + span_ns)
        except InputError as error:
            failed = error
    raise failed


def _span_ns(seconds: float) -> int:
    return round(seconds * 1e9) + 2 * MARGIN_NS

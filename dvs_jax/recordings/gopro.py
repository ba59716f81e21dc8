"""GoPro cameras: the gyro and what else their telemetry, inside the MP4, tells of the camera."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from dvs_jax.errors import InputError
from dvs_jax.lens import Lens
from dvs_jax.recordings import boxes, gpmf
from dvs_jax.recordings.gpmf import Entry
from dvs_jax.recordings.packets import Picture, packets, picture
from dvs_jax.sensors.gyro import FASTEST_RAD_S
from dvs_jax.sensors.log import AccelerometerLog
from dvs_jax.sensors.recording import Recording

_GYRO, _ACCELEROMETER = "GYRO", "ACCL"

_PICTURES = ("SHUT", "ISOE", "CORI")
"""Streams with a sample a frame, whose clock tells when the first frame was taken."""

_AXES_OF_MODELS = {"HERO6": ("-y", "z", "x"), "HERO7 Silver": ("x", "y", "-z")}
"""Of cameras that do not tell them, as Gyroflow's users found them."""

_OLDEST_AXES = ("y", "x", "z")
"""Where neither camera nor table tells: stored as up, left, back, as by the Hero5."""

_OFF = ("", "N", "N/A", "OFF", "NONE")

_LINEAR, _SUPER_VIEW = "L", "S"
"""Fields of view in which the camera bends the picture: straight, and wider at the sides."""

_EQUIDISTANT = Lens("fisheye", (0.0, 0.0, 0.0, 0.0))

_NARROWEST_DEG, _WIDEST_DEG = 10.0, 175.0

_HEAD_BYTES = 1024

_LONGEST_S = 1e8
"""Three years: a time beyond it is damaged."""

_LONGEST_STEP = 1.5
"""How many times the usual step between samples a packet may have; a longer one holds a gap."""


@dataclass
class _Part:
    """What one packet holds of a sensor: its start in seconds, its own clock, and its samples."""

    start_s: float
    stamp_us: float | None
    samples: Float[np.ndarray, "sample 3"]


class _Telemetry:
    """What is gathered while the packets go by."""

    def __init__(self) -> None:
        self.parts: dict[str, list[_Part]] = {_GYRO: [], _ACCELEROMETER: []}
        self.first_frame_us: float | None = None
        self.settings: dict[str, Entry] = {}

    def add(self, start_s: float, data: bytes) -> None:
        """Take what a packet holds."""
        for stream in gpmf.streams(data):
            stamp = _number(stream.get("STMP"))
            for name, parts in self.parts.items():
                if (samples := _scaled(stream, name)) is not None:
                    parts.append(_Part(start_s, stamp, samples))
                    self.settings |= {k: v for k, v in stream.items() if name == _GYRO}
            if self.first_frame_us is None and any(name in stream for name in _PICTURES):
                self.first_frame_us = stamp
            if "DVNM" in stream:
                self.settings.setdefault("DVNM", stream["DVNM"])


def read(video: Path) -> Recording | None:
    """Read the telemetry that a GoPro camera writes into its videos (GPMF).

    A sample's time is that of its packet, by the camera's own microseconds (`STMP`) where they are
    told, with the packet's samples spread evenly up to the next one. The last packet may be short
    whatever its duration says: its samples go on at the others' pace.

    Args:
        video: any file.

    Returns:
        The gyro's samples, along its own axes as stored, at 0 where the first frame is; None where
        the file is no MP4 or holds no such gyro.

    Raises:
        InputError: the file cannot be read, or its gyro has impossible values.
    """
    if not boxes.is_mp4(video):
        return None
    telemetry = _Telemetry()
    for packet in packets(video, b"DEVC"):
        telemetry.add(packet.start_s, packet.data)
    shown = picture(video) if telemetry.parts[_GYRO] else None
    if shown is None:
        return None
    for stream in gpmf.streams(boxes.find_box(video, b"moov", b"udta", b"GPMF")):
        telemetry.settings = stream | telemetry.settings
    return _recording(video, telemetry, shown)


def _recording(video: Path, telemetry: _Telemetry, shown: Picture) -> Recording | None:
    time_ns, velocity = _joined(telemetry, _GYRO, shown.lasts_s)
    if len(time_ns) < 2:
        return None
    if not (np.abs(velocity) < FASTEST_RAD_S).all():
        raise InputError(
            f"{video}: its telemetry turns faster than any gyro can measure, so it is damaged; "
            "--sensors none goes by the pictures alone"
        )
    settings = telemetry.settings
    model = _text(settings, "MINF") or _model_before_pictures(video) or _text(settings, "DVNM")
    described = _description(settings, model, shown)
    if _stamped_s(telemetry.parts[_GYRO], telemetry.first_frame_us) is not None:
        described["clock_offset_s"] = 0.0
    return Recording(
        video,
        _kind(model, time_ns, described),
        time_ns,
        velocity,
        _accelerometer(telemetry, shown.lasts_s),
        described,
        follows_video=True,
        stabilized_by=_stabilized_by(settings),
        model=model,
    )


def _model_before_pictures(video: Path) -> str:
    """Return the model that older cameras write in front of their pictures, or ""."""
    with video.open("rb") as file:
        found = re.search(rb"GPRO.*?(HERO[\w +-]+)", file.read(_HEAD_BYTES), re.DOTALL)
    return found[1].decode("ascii", "replace") if found else ""


def _accelerometer(telemetry: _Telemetry, lasts_s: float) -> AccelerometerLog | None:
    time_ns, acceleration = _joined(telemetry, _ACCELEROMETER, lasts_s)
    usable = len(time_ns) > 1 and np.isfinite(acceleration).all()
    return AccelerometerLog(time_ns, acceleration) if usable else None


def _number(entry: Entry | None) -> float | None:
    values = None if entry is None else entry.values()
    return None if values is None or values.size == 0 else float(values.flat[0])


def _text(settings: dict[str, Entry], key: str) -> str:
    entry = settings.get(key)
    return entry.text() if entry is not None and entry.kind == "c" else ""


def _scaled(stream: dict[str, Entry], name: str) -> Float[np.ndarray, "sample 3"] | None:
    """Return a stream's samples in its unit, or None where it is another or an empty one."""
    values = stream[name].values() if name in stream else None
    if values is None or values.shape[1] != 3 or not len(values):
        return None
    scale = stream["SCAL"].values() if "SCAL" in stream else None
    divisor = np.ones(1) if scale is None else scale.ravel()
    if divisor.size not in (1, 3) or not np.isfinite(divisor).all() or not divisor.all():
        return None
    return values / divisor


def _joined(
    telemetry: _Telemetry, name: str, lasts_s: float
) -> tuple[Int[np.ndarray, "sample"], Float[np.ndarray, "sample 3"]]:
    """Return all packets' samples with their times, which increase."""
    parts = telemetry.parts[name]
    if not parts:
        return np.empty(0, np.int64), np.empty((0, 3))
    start_s = _starts_s(parts, telemetry.first_frame_us)
    time_s = _spread(start_s, np.array([len(part.samples) for part in parts]), lasts_s)
    if not (np.abs(time_s) < _LONGEST_S).all():
        return np.empty(0, np.int64), np.empty((0, 3))
    time_ns = np.rint(time_s * 1e9).astype(np.int64)
    samples = np.concatenate([part.samples for part in parts])
    # The largest time so far: where clocks step back, samples are left out until they go on.
    keep = time_ns > np.maximum.accumulate(np.concatenate([time_ns[:1] - 1, time_ns[:-1]]))
    return time_ns[keep], samples[keep]


def _starts_s(parts: Sequence[_Part], first_frame_us: float | None) -> Float[np.ndarray, "packet"]:
    """Return when packets start, by the camera's clock or else by the container's."""
    stamped = _stamped_s(parts, first_frame_us)
    return np.array([part.start_s for part in parts]) if stamped is None else stamped


def _stamped_s(
    parts: Sequence[_Part], first_frame_us: float | None
) -> Float[np.ndarray, "packet"] | None:
    """Return when packets start on the camera's own clock; None where it is not told."""
    stamps = [part.stamp_us for part in parts]
    told = np.array([np.nan if stamp is None else stamp for stamp in stamps]) * 1e-6
    told -= math.nan if first_frame_us is None else first_frame_us * 1e-6
    is_usable = (np.abs(told) < _LONGEST_S).all() and (np.diff(told) > 0).all()
    return told if is_usable else None


def _spread(
    start_s: Float[np.ndarray, "packet"], count: Int[np.ndarray, "packet"], lasts_s: float
) -> Float[np.ndarray, "sample"]:
    """Return each sample's time: evenly from its packet's start to the next one's.

    A single packet's samples last as long as the video.
    """
    step = np.diff(start_s) / count[:-1]
    if not len(step):
        step, mean = np.empty(0), lasts_s / count[0]
    else:
        usual = np.quantile(step, 0.5, method="lower")
        is_gap = step > _LONGEST_STEP * usual
        mean = np.average(step[~is_gap], weights=count[:-1][~is_gap])
        step = np.where(is_gap, mean, step)
    place = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(start_s, count) + np.repeat(np.append(step, mean), count) * place


def _description(settings: dict[str, Entry], model: str, shown: Picture) -> dict[str, Any]:
    """Return what the telemetry tells about the camera, as fields of `Camera`."""
    described: dict[str, Any] = {"gyro_axes": _axes(settings, model)}
    readout_ms = _number(settings.get("SROT"))
    if readout_ms is not None and 0 < readout_ms < 1000:
        described["readout_time_s"] = readout_ms / 1e3
    diagonal_deg = _number(settings.get("ZFOV"))
    if diagonal_deg is not None and _NARROWEST_DEG < diagonal_deg < _WIDEST_DEG and shown.width:
        is_linear = _text(settings, "VFOV") == _LINEAR
        focal_length = _focal_length(math.radians(diagonal_deg), is_linear, shown)
        described["focal_length"] = (focal_length, focal_length)
        if _text(settings, "VFOV") not in (_LINEAR, _SUPER_VIEW):
            described["lens"] = _EQUIDISTANT
    return described


def _focal_length(diagonal: float, is_linear: bool, shown: Picture) -> float:
    """Return the focal length at the picture's centre, in widths, from its diagonal angle.

    GoPro's lenses are close to equidistant, where the angle grows with the distance from the
    centre, unless the camera has straightened the picture.
    """
    radius = math.hypot(shown.width, shown.height) / 2.0 / shown.width
    return radius / (math.tan(diagonal / 2.0) if is_linear else diagonal / 2.0)


def _axes(settings: dict[str, Entry], model: str) -> tuple[str, ...]:
    """Return which stored component turns the world about the camera's x, y and z.

    `ORIN` names the components as stored, X to the left, Z up, Y back, small letters for the
    opposite; these are the axes about which the world turns to the camera's x, y and z.
    """
    stored = _text(settings, "ORIN") or _of_matrix(settings)
    if sorted(stored.upper()) == ["X", "Y", "Z"]:
        places = [stored.upper().index(letter) for letter in "XZY"]
        return tuple(("-" if stored[at].islower() else "") + "xyz"[at] for at in places)
    known = (axes for name, axes in _AXES_OF_MODELS.items() if name in model)
    return next(known, _OLDEST_AXES)


def _of_matrix(settings: dict[str, Entry]) -> str:
    """Return what `ORIN` would say, told by the matrix that turns it into `ORIO`."""
    wanted, values = _text(settings, "ORIO"), None
    if "MTRX" in settings:
        values = settings["MTRX"].values()
    if values is None or values.size != 9 or sorted(wanted) != ["X", "Y", "Z"]:
        return ""
    matrix = values.reshape(3, 3)
    if not np.array_equal(np.abs(matrix) @ np.ones(3), np.ones(3)):
        return ""
    letters = [wanted[row] for row in np.abs(matrix).argmax(axis=0)]
    signs = matrix.sum(axis=0)
    return "".join(
        letter if sign > 0 else letter.lower() for letter, sign in zip(letters, signs, strict=True)
    )


def _stabilized_by(settings: dict[str, Entry]) -> str:
    """Return what the camera calls its electronic stabilisation, or "" where it was off."""
    how, told = _text(settings, "EISA"), _text(settings, "EISE").upper()
    is_on = told == "Y" or (not told and how.upper() not in _OFF)
    if not is_on:
        return ""
    return how if how.upper() not in _OFF else "stabilisation"


def _kind(model: str, time_ns: Int[np.ndarray, "sample"], described: dict[str, Any]) -> str:
    rate = (len(time_ns) - 1) * 1e9 / (time_ns[-1] - time_ns[0])
    told = [f"gyro at {rate:.0f} Hz", f"axes {', '.join(described['gyro_axes'])}"]
    if "readout_time_s" in described:
        told.append(f"readout {described['readout_time_s'] * 1e3:.1f} ms")
    if "focal_length" in described:
        told.append(f"fov {1.0 / described['focal_length'][0]:.2f}")
    return f"{model or 'GoPro'} telemetry inside the video: {', '.join(told)}"

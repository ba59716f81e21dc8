"""A synthetic clip's sensor logs, and writing them in the layout of the released data."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from dvs_jax import quaternion
from dvs_jax.camera import Camera
from dvs_jax.sensors import FrameLog, OisLog
from dvs_jax.synthetic.clip import START_NS, SyntheticClip, frame_times_ns, seconds_since_start
from dvs_jax.synthetic.motion import Motion, pose_at, shake_at

OIS_INTERVAL_NS = 5_000_000
LARGEST_JITTER = 0.45
"""Largest time jitter as a share of the gyro's interval: samples stay in order."""
MARGIN_NS = 600_000_000
"""How far the logs extend beyond the first and last frame: more than a look-ahead of 400 ms."""

EXPOSURE_NS = 8_000_000
"""Logged times are the exposure's middle plus half of it, which is subtracted on reading."""

OIS_CLOCK_LAG_NS = 1_500_000
"""How far the OIS's clock is behind the video's, as in the released data."""

OIS_SHARE = 0.6
"""Share of the shake that the OIS removes."""
OIS_ABOVE_HZ = 1.0
OIS_REACH_PX = 90.0
"""Largest lens shift, in pixels of the log."""


@dataclass(frozen=True)
class GyroLog:
    """Angular velocity as a gyro measures it: the mean since the sample before.

    Attributes:
        time_ns: int64 [sample], nanoseconds on the gyro's clock, which is the video's except for
            the clip's faults; whole microseconds, increasing.
        rate: float64 [sample, 3], rad/s, of the pose (world to camera) about the camera's x, y
            and z: integrating it on the left gives the true poses up to the first one.
    """

    time_ns: Int[np.ndarray, "sample"]
    rate: Float[np.ndarray, "sample 3"]


def make_gyro_log(clip: SyntheticClip, motion: Motion) -> GyroLog:
    """Return the angular velocities between consecutive true poses, plus the faults."""
    time_ns = gyro_times_ns(clip)
    interval_ns = _gyro_interval_ns(clip)
    edge_ns = np.concatenate([time_ns[:1] - interval_ns, time_ns])
    pose = pose_at(motion, seconds_since_start(edge_ns))
    step = quaternion.multiply(pose[1:], quaternion.conjugate(pose[:-1]))
    turn = quaternion.to_rotation_vector(step)
    noise = np.random.default_rng([clip.seed, 2]).standard_normal(turn.shape)
    rate = turn / (interval_ns * 1e-9) + clip.gyro_noise * noise + np.array(clip.gyro_bias)
    return GyroLog(time_ns + _clock_error_ns(clip, time_ns), rate)


def gyro_times_ns(clip: SyntheticClip) -> Int[np.ndarray, "sample"]:
    """Return the true times of the gyro's samples, int64 nanoseconds on the video's clock."""
    return _sample_times(clip, _gyro_interval_ns(clip))


def _gyro_interval_ns(clip: SyntheticClip) -> int:
    """Return the time between the gyro's samples, in whole microseconds as the log has it."""
    return round(1e6 / clip.gyro_rate_hz) * 1000


def _clock_error_ns(
    clip: SyntheticClip, time_ns: Int[np.ndarray, "sample"]
) -> Int[np.ndarray, "sample"]:
    """Return the error of each sample's logged time, in whole microseconds."""
    noise = np.random.default_rng([clip.seed, 4]).standard_normal(len(time_ns))
    furthest_us = LARGEST_JITTER * _gyro_interval_ns(clip) / 1e3
    jitter_us = np.clip(clip.clock_jitter_s * 1e6 * noise, -furthest_us, furthest_us)
    offset_s = clip.clock_offset_s + clip.clock_drift * seconds_since_start(time_ns)
    return np.rint(offset_s * 1e6 + jitter_us).astype(np.int64) * 1000


def make_ois_log(clip: SyntheticClip, motion: Motion) -> OisLog | None:
    """Return the lens shifts: most of the fast shake, within the lens's range.

    The image moves left as the camera rotates right, and down as it rotates up; the shift is
    opposite.
    """
    if not clip.ois:
        return None
    camera, (width, height) = clip.camera, clip.size
    time_ns = _sample_times(clip, OIS_INTERVAL_NS)
    shake = OIS_SHARE * shake_at(motion, seconds_since_start(time_ns), OIS_ABOVE_HZ)
    wanted = np.stack([shake[:, 1], -shake[:, 0] * width / height], axis=-1)
    window = np.array(camera.ois_window)
    reach = OIS_REACH_PX / window
    offset = reach * np.tanh(np.array(camera.focal_length) * wanted / reach)
    return OisLog(time_ns - OIS_CLOCK_LAG_NS, np.round(offset * window, 6) / window)


def make_frame_log(clip: SyntheticClip) -> FrameLog:
    """Return when each frame was exposed, on the video's clock and on the OIS's."""
    time_ns = frame_times_ns(clip)
    readout_ns = np.full(len(time_ns), round(clip.readout_time_s * 1e9), np.int64)
    return FrameLog(time_ns, readout_ns, time_ns - OIS_CLOCK_LAG_NS)


def write_gyro_log(log: GyroLog, file: Path) -> None:
    """Write `t_us wx wy wz`, whose axes are the pose's y, x, z: DVS's gyro log."""
    rows = np.column_stack([log.time_ns // 1000, log.rate[:, [1, 0, 2]]])
    np.savetxt(file, rows, fmt="%d %.12f %.12f %.12f")


def write_ois_log(log: OisLog, file: Path) -> None:
    """Write `x y t_ns`, the shifts in pixels of the camera's OIS window: DVS's OIS log."""
    pixels = log.offset * np.array(Camera().ois_window)
    lines = [f"{x:.6f} {y:.6f} {t}" for (x, y), t in zip(pixels, log.time_ns, strict=True)]
    file.write_text("\n".join(lines) + "\n")


def write_frame_log(log: FrameLog, file: Path) -> None:
    """Write `t_ns exposure_ns 0 readout_ns t_ois_ns`: DVS's frame log."""
    half = EXPOSURE_NS // 2
    rows = zip(log.time_ns + half, log.readout_ns, log.ois_time_ns + half, strict=True)
    lines = [f"{t} {EXPOSURE_NS} 0 {readout} {t_ois}" for t, readout, t_ois in rows]
    file.write_text("\n".join(lines) + "\n")


def _sample_times(clip: SyntheticClip, interval_ns: int) -> Int[np.ndarray, "sample"]:
    end_ns = frame_times_ns(clip)[-1] + round(clip.readout_time_s * 1e9) + MARGIN_NS
    return np.arange(START_NS - MARGIN_NS, end_ns + interval_ns, interval_ns)

"""Waves of a recording, against its own poses."""

from dataclasses import replace

import numpy as np
import pytest

from dvs_jax import quaternion
from dvs_jax.camera_path import CameraPath, pose_at
from dvs_jax.errors import InputError
from dvs_jax.synthetic import (
    SyntheticClip,
    aligned_true_path,
    recorded_angles,
    sensor_log,
    shown_path,
)
from dvs_jax.synthetic.clip import START_NS, frame_times_ns, seconds_since_start
from dvs_jax.synthetic.motion import make_motion

MARGIN_NS = 700_000_000


def recording(rate_deg_s: float = 40.0, seconds: float = 5.0) -> CameraPath:
    """A camera that pans and trembles about all axes, irregularly sampled at about 200 Hz."""
    rng = np.random.default_rng(3)
    time_s = np.cumsum(rng.uniform(0.0045, 0.0055, round(seconds / 0.005)))
    tremble = [
        0.03 * np.sin(2 * np.pi * 9.0 * time_s),
        np.radians(rate_deg_s) * time_s + 0.002 * np.sin(2 * np.pi * 23.0 * time_s),
        0.2 * np.sin(2 * np.pi * 0.7 * time_s),
    ]
    pose = quaternion.from_rotation_vector(np.stack(tremble, axis=-1))
    return CameraPath(7_000_000_000 + np.rint(time_s * 1e9).astype(np.int64), pose)


def turned_clip(path: CameraPath, **others) -> SyntheticClip:
    clip = SyntheticClip("walking", duration_s=3.0, frame_rate=24.0, seed=5, **others)
    begin = int(path.time_ns[0]) + 20_000_000
    end = begin + 3_000_000_000 + 2 * MARGIN_NS
    return replace(clip, angles=recorded_angles(path, begin, begin + MARGIN_NS, end))


def recorded_pose(path: CameraPath, clip: SyntheticClip, time_ns: np.ndarray) -> np.ndarray:
    """The recording's poses at times of the clip."""
    start = int(path.time_ns[0]) + 20_000_000 + MARGIN_NS
    return pose_at(path, time_ns - START_NS + start, "hold")


def apart_deg(one: np.ndarray, other: np.ndarray) -> float:
    """How far apart two paths are, whatever each one's world."""
    origin = quaternion.multiply(quaternion.conjugate(one[0]), other[0])
    moved = quaternion.multiply(one, np.broadcast_to(origin, one.shape))
    return np.degrees(quaternion.angle_between(moved, other)).max()


def test_a_clip_turns_as_recorded() -> None:
    path = recording()
    clip = turned_clip(path, ois=False)
    true = aligned_true_path(clip)
    # Between its samples, which are 5 ms apart, the recording is interpolated linearly.
    assert apart_deg(true.quaternion, recorded_pose(path, clip, true.time_ns)) < 0.03
    logged = sensor_log(clip).gyro
    within = slice(50, -50)
    seen = recorded_pose(path, clip, logged.time_ns[within])
    assert apart_deg(logged.quaternion[within], seen) < 0.03


def test_a_recordings_strength_and_lens_follow_the_clip() -> None:
    path = recording()
    clip = turned_clip(path)
    halved = make_motion(replace(clip, strength=0.5))
    time_s = seconds_since_start(frame_times_ns(clip))
    angles = make_motion(clip).angles.at(time_s)
    np.testing.assert_allclose(halved.angles.at(time_s), 0.5 * angles, atol=1e-12)
    # The lens takes part of the trembling out of what is seen.
    held = aligned_true_path(clip).quaternion
    assert apart_deg(shown_path(clip).quaternion, held) > 0.3
    assert not make_motion(clip).pans.size


def test_a_camera_that_turns_over_is_refused() -> None:
    tumbling = recording()
    sideways = quaternion.from_rotation_vector(np.array([0.0, 0.0, np.pi / 2]))
    over = quaternion.multiply(np.broadcast_to(sideways, (len(tumbling), 4)), tumbling.quaternion)
    path = CameraPath(tumbling.time_ns, over)
    begin, end = int(path.time_ns[0]), int(path.time_ns[-1])
    with pytest.raises(InputError, match="pitches by more than 75°"):
        recorded_angles(path, begin, begin, end)

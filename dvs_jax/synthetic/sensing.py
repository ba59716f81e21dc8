"""A synthetic clip's sensor log and ground truth, without rendering frames."""

import numpy as np
from jaxtyping import Float

from dvs_jax import quaternion, sensors
from dvs_jax.camera_path import CameraPath
from dvs_jax.sensors import SensorLog, center_time_ns
from dvs_jax.sensors.integration import integrate
from dvs_jax.synthetic import logs
from dvs_jax.synthetic.clip import SyntheticClip, seconds_since_start
from dvs_jax.synthetic.motion import make_motion, pose_at


def sensor_log(clip: SyntheticClip) -> SensorLog:
    """Return the sensor log as loaded from the clip's files, faults included.

    The gyro's path starts from the identity at its first sample; the OIS log is left out if the
    clip has none.
    """
    motion = make_motion(clip)
    gyro = logs.make_gyro_log(clip, motion)
    return SensorLog(
        camera=clip.camera,
        gyro=integrate(gyro.time_ns, gyro.rate),
        ois=logs.make_ois_log(clip, motion) if clip.ois_log else None,
        frames=logs.make_frame_log(clip),
    )


def aligned_true_path(clip: SyntheticClip) -> CameraPath:
    """Return the true pose at each frame's centre time, in the world of `sensor_log`'s gyro.

    In that world the pose is the identity at the gyro's first sample, so without faults this is the
    gyro's own path. (`true_path` is in the scene's world.)
    """
    motion = make_motion(clip)
    time_ns = center_time_ns(logs.make_frame_log(clip))
    first = pose_at(motion, seconds_since_start(logs.gyro_times_ns(clip)[0]))
    pose = pose_at(motion, seconds_since_start(time_ns))
    to_world = np.broadcast_to(quaternion.conjugate(first), pose.shape)
    return CameraPath(time_ns, quaternion.multiply(pose, to_world))


def shown_path(clip: SyntheticClip) -> CameraPath:
    """Return the visible path of the input frames: `aligned_true_path` with the OIS's lens shift.

    The lens shift is converted to the camera rotation that moves the image centre as far.
    """
    path, shift = aligned_true_path(clip), lens_shift(clip)
    camera, (width, height) = clip.camera, clip.size
    right = shift[:, 0] / camera.focal_length[0]
    down = shift[:, 1] * height / (width * camera.focal_length[1])
    vector = np.stack([-np.arctan(down), np.arctan(right), np.zeros(len(shift))], axis=1)
    turn = quaternion.from_rotation_vector(vector)
    return CameraPath(path.time_ns, quaternion.multiply(turn, path.quaternion))


def lens_shift(clip: SyntheticClip) -> Float[np.ndarray, "frame 2"]:
    """Return the true lens shift at each frame's centre time, logged or not.

    float64, (x, y) in fractions of the frame's width and height.
    """
    frames = logs.make_frame_log(clip)
    return sensors.ois_at(
        logs.make_ois_log(clip, make_motion(clip)), frames.ois_time_ns + frames.readout_ns // 2
    )

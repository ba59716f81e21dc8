"""The camera path estimated from the motion of the image."""

import itertools

import numpy as np
from jaxtyping import Float, Int

from dvs_jax import quaternion
from dvs_jax.camera import Camera, intrinsic_matrix
from dvs_jax.camera_path import CameraPath
from dvs_jax.errors import InputError
from dvs_jax.metrics.features import HEIGHT, WIDTH
from dvs_jax.metrics.matching import fill_unknown


def image_path(
    motions: Float[np.ndarray, "step 3 3"],
    size: tuple[int, int],
    time_ns: Int[np.ndarray, "frame"],
    camera: Camera,
) -> CameraPath:
    """Return the camera path estimated from homographies, where there is no gyro.

    A rotating camera moves the image by H = K·R·K⁻¹; the step's rotation is the one nearest to
    K⁻¹·H·K (its orthogonal polar factor). The parts of H from a moving camera or a warp count as
    rotation as far as they resemble one.

    Args:
        motions: homographies of one 640 × 480 frame's pixels to the next one's; NaN where unknown,
            which is interpolated in time.
        size: width and height of the frames in pixels before they were resized.
        time_ns: int64 [frame], when the frames were taken, one more than `motions` or longer.
        camera: of the video; gives K.

    Returns:
        A pose a frame, from the identity on; the first pose alone if no motion is known.

    Raises:
        InputError: there are more frames than times.
    """
    if len(time_ns) <= len(motions):
        raise InputError(f"{len(motions) + 1} frames were measured, but only {len(time_ns)} timed")
    x, y = WIDTH / size[0], HEIGHT / size[1]
    resize = np.array([[x, 0.0, x / 2 - 0.5], [0.0, y, y / 2 - 0.5], [0.0, 0.0, 1.0]])
    K = resize @ intrinsic_matrix(camera, size, np.zeros(2))
    left, _, right = np.linalg.svd(np.linalg.inv(K) @ fill_unknown(motions) @ K)
    turns = quaternion.from_matrix(left @ right)
    poses = itertools.accumulate(
        turns, lambda pose, turn: quaternion.multiply(turn, pose), initial=quaternion.identity()
    )
    return CameraPath(time_ns[: len(turns) + 1], np.stack(list(poses)))

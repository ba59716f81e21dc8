"""Whether the gyro agrees with the motion seen in the pictures.

It does not where the sensor's axes, signs or clock are described wrongly, nor where the camera has
stabilised the video itself. Stabilising by such a gyro adds shake, and the path does not show it.
"""

import av
import cv2
import numpy as np
from jaxtyping import Float, UInt8

from dvs_jax import camera as cameras
from dvs_jax.camera import Camera
from dvs_jax.video.picture import shrunk_luma

TRACKED_WIDTH = 320
"""Frames are reduced to this width before points are tracked: enough for hundredths of a degree."""

SAMPLED_PAIRS = 60
"""Pairs of frames, evenly spread over a clip, that are compared."""

_POINTS = 150
_FEWEST_POINTS = 12

_LEAST_MOTION = 1e-3
"""Shift per frame (RMS, in frame widths) below which there is too little motion to compare."""


class Agreement:
    """Compares the image shift at the frame's centre with the gyro's prediction, frame by frame."""

    def __init__(
        self,
        camera: Camera,
        size: tuple[int, int],
        pose: Float[np.ndarray, "frame 4"],
        ois: Float[np.ndarray, "frame 2"],
    ):
        """Predict the shifts.

        Args:
            camera: the camera.
            size: width and height of a frame in pixels.
            pose: the camera's pose at the middle of every frame, [x, y, z, w], world to camera; NaN
                where the gyro was not logged, which is not compared.
            ois: lens shift at these times, in fractions of the frame.
        """
        middle = np.full((len(pose) - 1, 2), 0.5)
        moved = (pose[:-1], pose[1:], ois[:-1], ois[1:])
        in_widths = np.array([1.0, size[1] / size[0]])
        self._predicted = (cameras.carried(camera, size, middle, *moved) - middle) * in_widths
        self._small = TRACKED_WIDTH, max(round(size[1] * TRACKED_WIDTH / size[0]), 1)
        self._stride = max(-(-len(middle) // SAMPLED_PAIRS), 1)
        self._seen: dict[int, Float[np.ndarray, "2"]] = {}
        self._previous: tuple[int, UInt8[np.ndarray, "height width"]] | None = None

    def wants(self, index: int) -> bool:
        """Return whether the frame with this index is in one of the pairs that are compared."""
        return index % self._stride in (0, 1 % self._stride)

    def watch(self, index: int, picture: av.VideoFrame) -> None:
        """Take a frame that `wants` names, as `video.read_pictures` yields it, in order."""
        grey = shrunk_luma(picture, self._small)
        earlier, first = self._previous or (None, None)
        if first is not None and earlier == index - 1 and earlier % self._stride == 0:
            self._seen[index - 1] = _shift_of_middle(first, grey)
        self._previous = index, grey

    def explained(self) -> float:
        """Return the fraction of the pictures' motion that the gyro explains.

        It is 1 − Σ|seen − predicted|² / Σ|seen|²: 1 where they agree, 0 where the gyro is no better
        than none, below 0 where it is worse than none, NaN where the pictures move too little.
        """
        seen, predicted = self._compared()
        energy, missed = (seen**2).sum(), ((seen - predicted) ** 2).sum()
        return float("nan") if _is_still(seen) else float(1.0 - missed / energy)

    def contradicted(self) -> bool:
        """Return whether the gyro tells of motion, and the pictures stand still."""
        seen, predicted = self._compared()
        return len(seen) > 0 and _is_still(seen) and not _is_still(predicted)

    def _compared(self) -> tuple[Float[np.ndarray, "pair 2"], Float[np.ndarray, "pair 2"]]:
        """Return the shifts that were seen, and those that were predicted."""
        seen = np.array(list(self._seen.values())).reshape(-1, 2)
        predicted = self._predicted[list(self._seen)].reshape(-1, 2)
        known = np.isfinite(seen + predicted).all(axis=-1)
        return seen[known], predicted[known]


def _is_still(shift: Float[np.ndarray, "pair 2"]) -> bool:
    return bool((shift**2).sum() <= _LEAST_MOTION**2 * len(shift))


def _shift_of_middle(
    previous: UInt8[np.ndarray, "height width"], grey: UInt8[np.ndarray, "height width"]
) -> Float[np.ndarray, "2"]:
    """Return the shift of the frame's centre in frame widths; NaN where too few points are tracked.

    It comes from the similarity (shift, rotation, zoom) that RANSAC fits to the tracked points, so
    objects that move by themselves do not count.
    """
    height, width = grey.shape
    points = cv2.goodFeaturesToTrack(previous, _POINTS, 0.01, 7)
    if points is None or len(points) < _FEWEST_POINTS:
        return np.full(2, np.nan)
    guess = points.copy()
    moved, found, _ = cv2.calcOpticalFlowPyrLK(previous, grey, points, guess)
    kept = found[:, 0].astype(bool)
    if kept.sum() < _FEWEST_POINTS:
        return np.full(2, np.nan)
    # OpenCV seeds RANSAC equally in every call: the same video gives the same result.
    similarity, _ = cv2.estimateAffinePartial2D(
        points[kept], moved[kept], ransacReprojThreshold=1.0
    )
    if similarity is None:
        return np.full(2, np.nan)
    middle = np.array([width, height]) / 2.0
    return (similarity[:, :2] @ middle + similarity[:, 2] - middle) / width

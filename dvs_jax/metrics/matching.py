"""The homography between two frames, from matched SIFT features by RANSAC."""

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, Int

from dvs_jax.metrics.features import HEIGHT, WIDTH, View

_RATIO_TEST = 0.7
_RANSAC_PIXELS = 5.0
_FEWEST_MATCHES = 10
_BLOCK = 512
_NONE = np.zeros((0, 0), np.float32)


def match(source: View, target: View) -> Float[np.ndarray, "3 3"] | None:
    """Return the homography from one frame's pixels to the other's.

    Returns:
        float64 [3, 3] for 640 × 480 pixels, or None where too few features match, or RANSAC finds
        no homography that a change of view can cause.
    """
    nearest, distinct = nearest_descriptors(source.descriptors, target.descriptors)
    if distinct.sum() < _FEWEST_MATCHES:
        return None
    homography, _ = cv2.findHomography(
        source.points[distinct], target.points[nearest[distinct]], cv2.RANSAC, _RANSAC_PIXELS
    )
    return homography if homography is not None and _is_view_change(homography) else None


def nearest_descriptors(
    query: Float32[np.ndarray, "query 128"], train: Float32[np.ndarray, "train 128"]
) -> tuple[Int[np.ndarray, "query"], Bool[np.ndarray, "query"]]:
    """Return each descriptor's nearest neighbour, and whether it passes Lowe's ratio test.

    SIFT's descriptors q and t hold integers up to 255. Then 2·q·t, t² and 2·q·t − t² are below
    2²⁴ and exact in float32, in whatever order they are summed: one matrix product finds what a
    brute-force matcher finds, in a quarter of its time.

    Returns:
        int64 [query], which of `train` is the nearest, and bool [query].
    """
    nearest = np.zeros(len(query), np.int64)
    distinct = np.zeros(len(query), bool)
    if len(train) < 2:
        return nearest, distinct
    doubled = np.concatenate([2.0 * query, np.ones((len(query), 1), np.float32)], axis=1)
    known = np.concatenate([train, -(train**2).sum(axis=1, keepdims=True)], axis=1)
    squares = (query**2).sum(axis=1)
    for start in range(0, len(query), _BLOCK):
        block = slice(start, start + _BLOCK)
        # Not by NumPy, whose threads would compete with the other stages for cores.
        likeness = cv2.gemm(doubled[block], known, 1.0, _NONE, 0.0, flags=cv2.GEMM_2_T)
        rows = np.arange(len(likeness))
        nearest[block] = likeness.argmax(axis=1)
        best = squares[block] - likeness[rows, nearest[block]]
        likeness[rows, nearest[block]] = -np.inf
        distinct[block] = best < _RATIO_TEST**2 * (squares[block] - likeness.max(axis=1))
    return nearest, distinct


def as_array(
    homographies: list[Float[np.ndarray, "3 3"] | None],
) -> Float[np.ndarray, "step 3 3"]:
    """Return the homographies as one array, NaN where there is none."""
    unknown = np.full((3, 3), np.nan)
    filled = [unknown if matrix is None else matrix for matrix in homographies]
    return np.array(filled).reshape(-1, 3, 3)


def fill_unknown(homographies: Float[np.ndarray, "step 3 3"]) -> Float[np.ndarray, "step 3 3"]:
    """Interpolate unknown steps, NaN, linearly between known ones; empty if none is known.

    Steps have a last entry of 1 and are near the identity, so their entries may be interpolated.
    """
    known = np.isfinite(homographies).all(axis=(1, 2))
    if not known.any():
        return homographies[:0]
    steps = np.arange(len(homographies))
    entries = homographies[known].reshape(-1, 9)
    filled = [np.interp(steps, steps[known], entry) for entry in entries.T]
    return np.stack(filled, axis=-1).reshape(-1, 3, 3)


def corners() -> Float[np.ndarray, "3 corner"]:
    """Return the frame's corners (upper left, lower left, upper right, lower right) as columns."""
    return np.array([[0, 0, WIDTH, WIDTH], [0, HEIGHT, 0, HEIGHT], [1, 1, 1, 1]], dtype=float)


def _is_view_change(homography: Float[np.ndarray, "3 3"]) -> bool:
    """Return whether no corner of the frame maps behind the camera and nothing is mirrored."""
    depths = homography[2] @ corners()
    return bool(
        np.isfinite(homography).all() and (depths > 0.0).all() and np.linalg.det(homography) > 0.0
    )

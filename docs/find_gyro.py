"""Find how a gyro is mounted, and its clock's offset, from a clip in which the camera turns.

    python docs/find_gyro.py CLIP

The picture says how the camera turned, and so does the gyro: the axes and the offset wanted are
those for which the two agree best. See docs/cameras.md.
"""

import argparse
import dataclasses
import itertools
import json
import sys
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8

import dvs_jax
from dvs_jax import clip as clips
from dvs_jax import quaternion, recordings
from dvs_jax.camera import intrinsic_matrix
from dvs_jax.camera_path import pose_at
from dvs_jax.clip import Clip
from dvs_jax.errors import InputError
from dvs_jax.sensors import gyro

WIDTH = 640
"""Pixels to which frames are resized before features are tracked."""

OFFSETS_MS = np.arange(-500, 501)
"""Tried on top of the offset in camera.toml."""

ORDERS = np.array(list(itertools.permutations(range(3))))

FEWEST_FEATURES = 10
RANSAC_PIXELS = 2.0


def turns_seen(clip: Clip) -> Float[np.ndarray, "step 3"]:
    """Return the rotation vectors, radians, by which the picture says that the world turned."""
    size = (WIDTH, round(WIDTH * clip.size[1] / clip.size[0]))
    K = intrinsic_matrix(clip.sensors.camera, size, np.zeros(2))
    frames = clips.read_frames(clip)
    grey = (cv2.resize(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), size) for frame in frames)
    return np.array([_turn_between(*pair, K) for pair in itertools.pairwise(grey)])


def _turn_between(
    before: UInt8[np.ndarray, "height width"],
    after: UInt8[np.ndarray, "height width"],
    K: Float[np.ndarray, "3 3"],
) -> Float[np.ndarray, "3"]:
    """Return the turn that explains best how features moved; none where too few did."""
    points = cv2.goodFeaturesToTrack(before, 300, 0.01, 10)
    if points is None or len(points) < FEWEST_FEATURES:
        return np.zeros(3)
    moved, found, _ = cv2.calcOpticalFlowPyrLK(before, after, points, points.copy())
    kept = found.ravel() == 1
    if np.count_nonzero(kept) < FEWEST_FEATURES:
        return np.zeros(3)
    matrix, _ = cv2.findHomography(points[kept], moved[kept], cv2.RANSAC, RANSAC_PIXELS)
    if matrix is None:
        return np.zeros(3)
    left, _, right = np.linalg.svd(np.linalg.inv(K) @ matrix @ K)
    return cv2.Rodrigues(left @ right)[0][:, 0]


def turns_felt(clip: Clip) -> Float[np.ndarray, "offset step 3"]:
    """Return the turns about the log's own axes, for each of OFFSETS_MS."""
    found = recordings.find(clip.video.path)
    assert found is not None, "a clip without a gyro is not loaded"
    found = recordings.on_clock_of(found, clip.video.path, clip.video.time_ns)
    path = gyro.poses(found, dataclasses.replace(clip.sensors.camera, gyro_axes=("x", "y", "z")))
    time_ns = clips.center_time_ns(clip) - OFFSETS_MS[:, None] * 1_000_000
    pose = pose_at(path, time_ns, "hold")
    step = quaternion.multiply(pose[:, 1:], quaternion.conjugate(pose[:, :-1]))
    return quaternion.to_rotation_vector(step)


def correlate(
    seen: Float[np.ndarray, "step 3"], felt: Float[np.ndarray, "offset step 3"]
) -> Float[np.ndarray, "offset 3 3"]:
    """Return how each of the camera's axes (rows) correlates with each of the log's."""
    seen, felt = (_normalized(each) for each in (seen, felt))
    return np.einsum("si,osj->oij", seen, felt)


def _normalized(turns: Float[np.ndarray, "*offset step 3"]) -> Float[np.ndarray, "*offset step 3"]:
    centered = turns - turns.mean(axis=-2, keepdims=True)
    return centered / np.maximum(np.linalg.norm(centered, axis=-2, keepdims=True), 1e-9)


def best_mounting(clip: Clip) -> tuple[list[str], float, Float[np.ndarray, "3"]]:
    """Return the axes, the clock's offset in ms, and the correlation about the camera's x, y, z."""
    table = correlate(turns_seen(clip), turns_felt(clip))
    chosen = table[:, np.arange(3), ORDERS]
    index, order = np.unravel_index(np.argmax(np.abs(chosen).sum(axis=-1)), chosen.shape[:2])
    correlation = chosen[index, order]
    signs = ["-" if each < 0 else "" for each in correlation]
    axes = [sign + "xyz"[column] for sign, column in zip(signs, ORDERS[order], strict=True)]
    offset_ms = clip.sensors.camera.clock_offset_s * 1e3 + OFFSETS_MS[index]
    return axes, offset_ms, np.abs(correlation)


def main() -> None:
    """Print the lines for camera.toml, and how far to trust them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("clip", type=Path, help="a folder with a video, its gyro and camera.toml")
    axes, offset_ms, agreement = best_mounting(dvs_jax.load_clip(parser.parse_args().clip))
    x, y, z = agreement
    print(f"# agreement of gyro and picture about x {x:.2f}, y {y:.2f}, z {z:.2f} (1 is perfect)")
    print("[gyro]")
    print(f"axes = {json.dumps(axes)}")
    print(f"clock_offset_ms = {offset_ms:.0f}")


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"error: {error}")

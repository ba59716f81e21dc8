"""The camera during one frame: one projection per row, for a rolling shutter."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from dvs_jax import camera, quaternion, sensors
from dvs_jax.camera import Camera
from dvs_jax.sensors import FrameLog, OisLog
from dvs_jax.synthetic.clip import SyntheticClip, seconds_since_start
from dvs_jax.synthetic.motion import Motion, pose_at, position_at

MOST_STEPS = 12
SETTLED_PX = 1e-5
"""Tolerance of the fixed-point iteration for a point's row. Each step multiplies the error by
image speed · readout time / height: 0.05 in a pan, 0.2 in strong shake."""

SMALLEST_DEPTH = 1e-3


@dataclass(frozen=True)
class View:
    """The camera while each row of a frame was exposed, interpolated linearly between rows.

    Attributes:
        projection: float64 [row, 3, 3], K·R: world directions to pixels, without the lens's
            distortion.
        back_projection: float64 [row, 3, 3], its inverse.
        center: float64 [row, 3], the camera centre in the world, metres.
        size: width and height of the frame in pixels.
        focal_px: focal length in pixels.
        camera: the camera, whose lens distorts the frame.
        shift: float64 [row, 2], lens shift in fractions of the frame.
    """

    projection: Float[np.ndarray, "row 3 3"]
    back_projection: Float[np.ndarray, "row 3 3"]
    center: Float[np.ndarray, "row 3"]
    size: tuple[int, int]
    focal_px: float
    camera: Camera
    shift: Float[np.ndarray, "row 2"]


def make_view(
    clip: SyntheticClip, motion: Motion, frames: FrameLog, ois: OisLog | None, index: int
) -> View:
    """Return the camera of frame `index`; row i of H is exposed at t + readout·i/(H−1)."""
    height = clip.size[1]
    delay_ns = np.rint(frames.readout_ns[index] * np.linspace(0, 1, height)).astype(np.int64)
    time_s = seconds_since_start(frames.time_ns[index] + delay_ns)
    pose = pose_at(motion, time_s)
    shift = sensors.ois_at(ois, frames.ois_time_ns[index] + delay_ns)
    back = camera.inverse_intrinsic_matrix(clip.camera, clip.size, shift)
    return View(
        projection=camera.projection(clip.camera, clip.size, pose, shift),
        back_projection=quaternion.to_matrix(quaternion.conjugate(pose)) @ back,
        center=position_at(motion, time_s),
        size=clip.size,
        focal_px=clip.focal_length * clip.size[0],
        camera=clip.camera,
        shift=shift,
    )


def rays(
    view: View, points: Float[np.ndarray, "*batch 2"]
) -> tuple[Float[np.ndarray, "*batch 3"], Float[np.ndarray, "*batch 3"]]:
    """Return origins and directions, in world coordinates, of the rays through pixels (x, y).

    A direction has length 1 along the camera's optical axis.
    """
    straight = _straightened(view, points)
    homogeneous = np.concatenate([straight, np.ones_like(points[..., :1])], axis=-1)
    back = _at_row(view.back_projection, points[..., 1])
    return _at_row(view.center, points[..., 1]), np.einsum("...ij,...j->...i", back, homogeneous)


def project(
    view: View,
    origin: Float[np.ndarray, "*batch 3"],
    direction: Float[np.ndarray, "*batch 3"],
    inverse_distance: Float[np.ndarray, "*batch"],
) -> tuple[
    Float[np.ndarray, "*batch 2"], Float[np.ndarray, "*batch 3"], Float[np.ndarray, "*batch 3"]
]:
    """Project points on another view's rays; also return the rays to them.

    The row at which a point is seen solves a fixed-point equation, because of the rolling shutter.

    Args:
        view: the camera that projects.
        origin: start of each ray in the world, metres.
        direction: of each ray; the point is origin + direction / inverse_distance.
        inverse_distance: 0 for a point at infinity.

    Returns:
        Pixels (x, y), NaN for points behind the camera; the camera centre at the point's row; and
        the direction from there, scaled so that the same inverse distance gives the same point.
    """
    row = np.full(direction.shape[:-1], (len(view.center) - 1) / 2)
    for _ in range(MOST_STEPS):
        center = _at_row(view.center, row)
        sight = direction + inverse_distance[..., None] * (origin - center)
        image = np.einsum("...ij,...j->...i", _at_row(view.projection, row), sight)
        depth = np.where(image[..., 2] > SMALLEST_DEPTH, image[..., 2], np.nan)
        pixel = distorted(view, image[..., :2] / depth[..., None], row)
        before, row = row, np.clip(np.nan_to_num(pixel[..., 1]), 0, len(view.center) - 1)
        if np.abs(row - before).max() < SETTLED_PX:
            break
    return pixel, center, sight


def distorted(
    view: View, points: Float[np.ndarray, "*batch 2"], row: Float[np.ndarray, "*batch"]
) -> Float[np.ndarray, "*batch 2"]:
    """Return where the lens moves pixels (x, y) of `View.projection`, exposed at rows."""
    if view.camera.lens is None:
        return points
    return _through(view, replace(view.camera, lens=None), view.camera, points, row)


def _straightened(
    view: View, points: Float[np.ndarray, "*batch 2"]
) -> Float[np.ndarray, "*batch 2"]:
    if view.camera.lens is None:
        return points
    straight = replace(view.camera, lens=None)
    return _through(view, view.camera, straight, points, points[..., 1])


def _through(
    view: View,
    source: Camera,
    target: Camera,
    points: Float[np.ndarray, "*batch 2"],
    row: Float[np.ndarray, "*batch"],
) -> Float[np.ndarray, "*batch 2"]:
    """Return the pixels at which one camera sees what another one sees at pixels."""
    shift, size = _at_row(view.shift, row), np.array(view.size)
    direction = camera.seen_direction(source, view.size, (points + 0.5) / size, shift)
    return camera.seen_point(target, view.size, direction, shift) * size - 0.5


def _at_row(table: Float[np.ndarray, "row ..."], row: Float[np.ndarray, "*batch"]) -> np.ndarray:
    """Interpolate a table of rows; beyond the frame its first and last rows are held."""
    row = np.clip(row, 0.0, len(table) - 1.0)
    above = np.minimum(row.astype(int), len(table) - 2)
    weight = (row - above).reshape(*row.shape, *(1,) * (table.ndim - 1))
    return table[above] * (1 - weight) + table[above + 1] * weight

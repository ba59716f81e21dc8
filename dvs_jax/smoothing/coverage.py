"""Computes how much of the output a warped frame covers."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from dvs_jax import camera as cameras
from dvs_jax import quaternion
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath

_COVER_TOLERANCE = 1e-6
"""Share of the frame that rounding may seem to uncover: far below a pixel."""


_BORDER_POINTS = 33
"""Points along an edge that a lens curves: chords between them err by 0.0005 widths."""


@dataclass(frozen=True)
class Exposure:
    """The real camera's pose and lens shift while each row of each frame was exposed.

    Attributes:
        camera: the camera, real and virtual alike.
        size: width and height of the frames in pixels.
        pose: float64 [frame, row, 4], [x, y, z, w], world to camera, at the rows of
            `camera.row_fractions`; a single row is a global shutter.
        ois: float64 [frame, row, 2], lens shift in fractions of the frame, at the same rows, or a
            single one for all of them.
    """

    camera: Camera
    size: tuple[int, int]
    pose: Float[np.ndarray, "frame row 4"]
    ois: Float[np.ndarray, "frame row 2"]


def global_shutter(camera: Camera, size: tuple[int, int], path: CameraPath) -> Exposure:
    """Return the exposure of frames (width, height) taken at the path's poses, without OIS."""
    return Exposure(camera, size, path.quaternion[:, None, :], np.zeros((len(path), 1, 2)))


def kept_fraction(
    exposure: Exposure, virtual: Float[np.ndarray, "frame 4"]
) -> Float[np.ndarray, "frame"]:
    """Return how much of the output's width and height the warped frame covers about its centre.

    The frame's border is warped like that of the mesh `camera.warp_grid`: the answer is exact for
    a warp by that mesh. A frame whose border lies partly behind the virtual camera counts as not
    covered.

    Args:
        exposure: the real camera.
        virtual: poses of the virtual camera, [x, y, z, w], world to camera.

    Returns:
        float64 [frame]: the side of the largest centred rectangle of the output's aspect without
        an empty pixel, as a fraction of the output; 0 where the centre itself is empty.
    """
    return kept_fraction_of_rays(exposure, border_rays(exposure), virtual)


def covered(
    exposure: Exposure, virtual: Float[np.ndarray, "frame 4"], crop: float
) -> Bool[np.ndarray, "frame"]:
    """Return whether no pixel is empty once `crop` of the output is cut off at each side.

    Args:
        exposure: the real camera.
        virtual: poses of the virtual camera, [x, y, z, w], world to camera.
        crop: fraction of the width cut off left and right each, and of the height above and below:
            0.1 keeps the inner 80 %.
    """
    return covers(kept_fraction(exposure, virtual), crop)


def covers(kept: Float[np.ndarray, "frame"], crop: float) -> Bool[np.ndarray, "frame"]:
    """Return whether a kept fraction (see `kept_fraction`) is enough for a crop."""
    return kept >= 1.0 - 2.0 * crop - _COVER_TOLERANCE


def border_rays(exposure: Exposure) -> Float[np.ndarray, "frame border 3"]:
    """Return the world directions of each row's two end points, once round the frame.

    The first row has a single pose, and so has the last, so both stay straight when warped. Through
    a lens they are curved, and have points in between.
    """
    if exposure.camera.lens is not None:
        return _curved_border(exposure)
    frames, rows = len(exposure.pose), max(exposure.pose.shape[1], 2)
    pose = np.broadcast_to(exposure.pose, (frames, rows, 4))
    ois = np.broadcast_to(exposure.ois, (frames, rows, 2))
    row = np.concatenate([np.arange(rows)[::-1], np.arange(rows)])
    width, height = exposure.size
    x, y = width * np.repeat([0.0, 1.0], rows), height * cameras.row_fractions(rows)[row]
    back = cameras.inverse_intrinsic_matrix(exposure.camera, exposure.size, ois)
    to_world = quaternion.to_matrix(quaternion.conjugate(pose)) @ back
    return np.einsum("fbij,bj->fbi", to_world[:, row], np.stack([x, y, np.ones_like(x)], axis=-1))


def kept_fraction_of_rays(
    exposure: Exposure,
    rays: Float[np.ndarray, "frame border 3"],
    virtual: Float[np.ndarray, "frame 4"],
) -> Float[np.ndarray, "frame"]:
    """Return `kept_fraction` of frames whose border has these world directions."""
    if exposure.camera.lens is not None:
        # Nothing lies behind: what cannot be shown lands far outside, on its own side.
        turn = quaternion.to_matrix(virtual)
        landed = cameras.shown_point(
            exposure.camera, exposure.size, rays @ np.swapaxes(turn, -1, -2)
        )
        return _kept_inside(*np.moveaxis(landed - 0.5, -1, 0))
    no_shift = np.zeros((len(virtual), 2))
    projection = cameras.projection(exposure.camera, exposure.size, virtual, no_shift)
    x, y, depth = np.moveaxis(projection @ np.swapaxes(rays, -1, -2), 1, 0)
    in_front = (depth > cameras.NEAREST_DEPTH).all(axis=-1)
    depth = np.maximum(depth, cameras.NEAREST_DEPTH)
    width, height = exposure.size
    x, y = x / (depth * width) - 0.5, y / (depth * height) - 0.5
    return np.where(in_front, _kept_inside(x, y), 0.0)


def _curved_border(exposure: Exposure) -> Float[np.ndarray, "frame border 3"]:
    """Return `border_rays` for a camera with a lens."""
    frames = len(exposure.pose)
    rows = exposure.pose.shape[1] if exposure.pose.shape[1] > 1 else _BORDER_POINTS
    pose = np.broadcast_to(exposure.pose, (frames, rows, 4))
    ois = np.broadcast_to(exposure.ois, (frames, rows, 2))
    down, between = np.arange(rows), np.linspace(0.0, 1.0, _BORDER_POINTS)[1:-1]
    first, last = np.zeros(len(between), int), np.full(len(between), rows - 1)
    row = np.concatenate([down[::-1], first, down, last])
    x = np.concatenate([np.zeros(rows), between, np.ones(rows), between[::-1]])
    point = np.stack([x, cameras.row_fractions(rows)[row]], axis=-1)
    point = np.broadcast_to(point, (frames, *point.shape))
    direction = cameras.seen_direction(exposure.camera, exposure.size, point, ois[:, row])
    to_world = quaternion.to_matrix(quaternion.conjugate(pose))
    return np.einsum("fbij,fbj->fbi", to_world[:, row], direction)


def _kept_inside(
    x: Float[np.ndarray, "frame border"], y: Float[np.ndarray, "frame border"]
) -> Float[np.ndarray, "frame"]:
    """Return the kept fraction for borders in fractions of the output from its centre."""
    kept = 2.0 * _distance_from_centre(x, y)
    return np.where(_surrounds_centre(x, y), np.minimum(kept, 1.0), 0.0)


def _distance_from_centre(
    x: Float[np.ndarray, "frame border"], y: Float[np.ndarray, "frame border"]
) -> Float[np.ndarray, "frame"]:
    """Return the smallest max(|x|, |y|) along closed polygons.

    Along an edge it is convex and piecewise linear: smallest at an end, or where |x| = |y|.
    """
    next_x, next_y = np.roll(x, -1, axis=-1), np.roll(y, -1, axis=-1)
    nearest = np.maximum(np.abs(x), np.abs(y))
    for sign in (-1.0, 1.0):
        start, end = x + sign * y, next_x + sign * next_y
        crosses = start * end < 0.0
        ratio = np.where(crosses, start / np.where(crosses, start - end, 1.0), 0.0)
        there = np.abs(x + ratio * (next_x - x)), np.abs(y + ratio * (next_y - y))
        nearest = np.minimum(nearest, np.maximum(*there))
    return nearest.min(axis=-1)


def _surrounds_centre(
    x: Float[np.ndarray, "frame border"], y: Float[np.ndarray, "frame border"]
) -> Bool[np.ndarray, "frame"]:
    """Return whether closed polygons cross the positive x axis an odd number of times."""
    next_x, next_y = np.roll(x, -1, axis=-1), np.roll(y, -1, axis=-1)
    crosses = (y < 0.0) != (next_y < 0.0)
    crossing = x - y * (next_x - x) / np.where(crosses, next_y - y, 1.0)
    return (crosses & (crossing > 0.0)).sum(axis=-1) % 2 == 1

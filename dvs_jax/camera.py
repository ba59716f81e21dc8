"""The camera: intrinsics, projections, rolling-shutter grids.

A pose quaternion rotates world into camera coordinates (x right, y down, z forward), so a point
projects through P = K·R(q). Everything is in fractions of the image where it can be, so one
description serves every size at which a video is processed.
"""

from dataclasses import dataclass, replace
from functools import partial

import jax
import numpy as np
from jaxtyping import Float

from dvs_jax import lens as lenses
from dvs_jax import quaternion
from dvs_jax.lens import NEAREST_DEPTH, Lens
from dvs_jax.quaternion import Array

GRID_ROWS = 12
"""Rows, and columns, of DVS's warp grid; drawing takes a finer one."""

SAME_SHAPE = 0.01
"""How far width / height may differ between a video and the calibration of its camera."""


@partial(
    jax.tree_util.register_dataclass,
    data_fields=(
        *("focal_length", "principal_point", "readout_time_s"),
        *("clock_offset_s", "clock_drift", "ois_window", "calibrated_size", "lens"),
    ),
    meta_fields=("gyro_axes",),
)
@dataclass(frozen=True)
class Camera:
    """One camera's fixed properties; the defaults are those of the released DVS data.

    It is a pytree: its numbers may be traced, so different cameras share a compiled function.

    Attributes:
        focal_length: horizontal and vertical focal length, both in image widths; of a lens with
            distortion, at its axis.
        principal_point: x in image widths, y in image heights, from the image's upper left corner
            (a pixel's centre lies half a pixel inside it).
        readout_time_s: seconds between the exposure of the first and the last row.
        gyro_axes: which component of the log, with its sign, is the pose's angular velocity about
            the camera's x, y and z. The pose rotates world to camera coordinates, so this is the
            negative of the camera's own angular velocity.
        clock_offset_s: seconds to add to the gyro's and OIS's time to get the video's.
        clock_drift: seconds a second by which the video's clock gains on the gyro's, from the
            clip's first frame on.
        ois_window: width and height, in the OIS log's pixels, of the sensor area that the video
            shows.
        calibrated_size: width and height of the image that was calibrated, or None.
        lens: the lens's distortion; None for a rectilinear picture. The functions on matrices
            (`projection`, `homography`, `warp_grid`) know nothing of it; `seen_direction` and those
            below it do.
    """

    focal_length: tuple[float, float] = (1 / 1.27, 1 / 1.27)
    principal_point: tuple[float, float] = (0.5, 0.5)
    readout_time_s: float = 0.030
    gyro_axes: tuple[str, str, str] = ("y", "x", "z")
    clock_offset_s: float = 0.0
    ois_window: tuple[float, float] = (4032.0, 2272.0)
    calibrated_size: tuple[float, float] | None = None
    lens: Lens | None = None
    clock_drift: float = 0.0


def in_stored_pixels(camera: Camera, size: tuple[int, int], pixel_aspect: float) -> Camera:
    """Return a camera for pictures whose pixels are not square, as they are stored.

    Args:
        camera: for square pixels, or calibrated in a stored picture, which then stays as it is.
        size: width and height of the stored picture in pixels.
        pixel_aspect: width of a pixel by its height.
    """
    if camera.calibrated_size is not None and has_shape(camera.calibrated_size, size):
        return camera
    across, down = camera.focal_length
    # The picture is as many times narrower than it is shown; its height is the same.
    return replace(camera, focal_length=(across, down * pixel_aspect))


def in_shown_pixels(camera: Camera, size: tuple[int, int], pixel_aspect: float) -> Camera:
    """Return the camera of which `in_stored_pixels` makes this one."""
    if camera.calibrated_size is not None and has_shape(camera.calibrated_size, size):
        return camera
    across, down = camera.focal_length
    return replace(camera, focal_length=(across, down / pixel_aspect))


def has_shape(calibrated: tuple[float, float], size: tuple[float, float]) -> bool:
    """Return whether two pictures (width, height) have one shape, within `SAME_SHAPE`."""
    return abs(calibrated[0] * size[1] / (calibrated[1] * size[0]) - 1) <= SAME_SHAPE


def intrinsic_matrix(
    camera: Camera, size: tuple[int, int], ois: Float[Array, "*batch 2"]
) -> Float[Array, "*batch 3 3"]:
    """Return K in pixels, where integers are pixel centres.

    Args:
        camera: the camera.
        size: width and height of the image in pixels.
        ois: (x, y) shift of the lens in fractions of the image's width and height.
    """
    width, height = size
    xp = quaternion.array_namespace(ois)
    center_x = (camera.principal_point[0] + ois[..., 0]) * width - 0.5
    center_y = (camera.principal_point[1] + ois[..., 1]) * height - 0.5
    zero, one = xp.zeros_like(center_x), xp.ones_like(center_x)
    entries = [
        one * (camera.focal_length[0] * width),
        zero,
        center_x,
        zero,
        one * (camera.focal_length[1] * width),
        center_y,
        zero,
        zero,
        one,
    ]
    return xp.stack(entries, axis=-1).reshape(*center_x.shape, 3, 3)


def inverse_intrinsic_matrix(
    camera: Camera, size: tuple[int, int], ois: Float[Array, "*batch 2"]
) -> Float[Array, "*batch 3 3"]:
    """Return K⁻¹ in closed form (see `intrinsic_matrix`)."""
    xp = quaternion.array_namespace(ois)
    matrix = intrinsic_matrix(camera, size, ois)
    inverse_x, inverse_y = 1.0 / matrix[..., 0, 0], 1.0 / matrix[..., 1, 1]
    zero, one = xp.zeros_like(inverse_x), xp.ones_like(inverse_x)
    entries = [
        inverse_x,
        zero,
        -matrix[..., 0, 2] * inverse_x,
        zero,
        inverse_y,
        -matrix[..., 1, 2] * inverse_y,
        zero,
        zero,
        one,
    ]
    return xp.stack(entries, axis=-1).reshape(*matrix.shape)


def relative_focal_length(camera: Camera, size: tuple[int, int]) -> Float[np.ndarray, "2"]:
    """Return the focal length over the frame's width and over its height, float32 (x, y).

    `Camera.focal_length` is in widths along both axes.
    """
    width, height = size
    across, down = camera.focal_length
    return np.array([across, down * width / height], np.float32)


def projection(
    camera: Camera,
    size: tuple[int, int],
    pose: Float[Array, "*batch 4"],
    ois: Float[Array, "*batch 2"],
) -> Float[Array, "*batch 3 3"]:
    """Return P = K·R(q): world directions to pixels of an image of `size` (width, height)."""
    return intrinsic_matrix(camera, size, ois) @ quaternion.to_matrix(pose)


def homography(
    camera: Camera,
    size: tuple[int, int],
    source: Float[Array, "*batch 4"],
    target: Float[Array, "*batch 4"],
    source_ois: Float[Array, "*batch 2"],
    target_ois: Float[Array, "*batch 2"],
) -> Float[Array, "*batch 3 3"]:
    """Return P_target·P_source⁻¹, which maps pixels of the source view to the target view.

    Args:
        camera: the camera of both views.
        size: width and height of the image in pixels.
        source: pose [x, y, z, w], world to camera.
        target: likewise.
        source_ois: lens shift in fractions of the image.
        target_ois: likewise.
    """
    turn = quaternion.to_matrix(quaternion.multiply(target, quaternion.conjugate(source)))
    back = inverse_intrinsic_matrix(camera, size, source_ois)
    return intrinsic_matrix(camera, size, target_ois) @ turn @ back


def apply_homography(
    matrix: Float[Array, "*batch 3 3"], point: Float[Array, "*batch 2"]
) -> Float[Array, "*batch 2"]:
    """Map points (x, y); those behind the camera land far outside, on their own side."""
    xp = quaternion.array_namespace(matrix, point)
    image = matrix[..., :2] @ point[..., None] + matrix[..., 2:]
    depth = xp.maximum(image[..., 2, :], NEAREST_DEPTH)
    return image[..., :2, 0] / depth


def row_fractions(rows: int = GRID_ROWS) -> Float[np.ndarray, "row"]:
    """Return the share of the readout time at which each of the grid's rows is exposed."""
    return np.linspace(0.0, 1.0, rows)


def grid_vertices(rows: int = GRID_ROWS) -> Float[np.ndarray, "row column 2"]:
    """Return the vertices (u, v) of a grid with as many columns as rows.

    float64, in fractions of the source image.
    """
    v, u = np.meshgrid(row_fractions(rows), row_fractions(rows), indexing="ij")
    return np.stack([u, v], axis=-1)


def warp_grid(
    camera: Camera,
    size: tuple[int, int],
    real: Float[Array, "*batch row 4"],
    ois: Float[Array, "*batch row 2"],
    virtual: Float[Array, "*batch 4"],
) -> Float[Array, "*batch row column 4"]:
    """Return where each source vertex lands in the output: P_virtual · P_real⁻¹ of its row.

    Args:
        camera: the camera, real and virtual alike; the virtual one has no OIS.
        size: width and height of the image in pixels.
        real: pose of the camera while each row was exposed, [x, y, z, w], world to camera.
        ois: lens shift while each row was exposed, in fractions of the image.
        virtual: pose of the virtual camera.

    Returns:
        (x′, y′, u, v) in fractions of the image: the vertex (u, v) of the source lands at (x′, y′).
        There are as many columns as rows.
    """
    xp = quaternion.array_namespace(real, ois, virtual)
    target = xp.broadcast_to(virtual[..., None, :], real.shape)
    matrix = homography(camera, size, real, target, ois, xp.zeros_like(ois))
    rows = matrix.shape[-3]
    vertices = xp.asarray(grid_vertices(rows), dtype=matrix.dtype)
    scale = xp.asarray(np.array(size, dtype=float), dtype=matrix.dtype)
    pixels = vertices * scale.reshape(1, 1, 2)
    shape = (*matrix.shape[:-2], rows)
    landed = apply_homography(
        xp.broadcast_to(matrix[..., None, :, :], (*shape, 3, 3)),
        xp.broadcast_to(pixels, (*shape, 2)),
    )
    landed = landed / xp.broadcast_to(scale, landed.shape)
    return xp.concatenate([landed, xp.broadcast_to(vertices, landed.shape)], axis=-1)


def seen_direction(
    camera: Camera,
    size: tuple[int, int],
    point: Float[Array, "*batch 2"],
    ois: Float[Array, "*batch 2"],
) -> Float[Array, "*batch 3"]:
    """Return the directions, in camera coordinates and of any length, that a frame's points show.

    Args:
        camera: the camera, with its lens.
        size: width and height of the frame in pixels.
        point: (x, y) in fractions of the frame, from its upper left corner.
        ois: lens shift in fractions of the frame.
    """
    normal = _normalized(camera, size, point - ois)
    return (
        lenses.with_depth(normal) if camera.lens is None else lenses.unproject(camera.lens, normal)
    )


def seen_point(
    camera: Camera,
    size: tuple[int, int],
    direction: Float[Array, "*batch 3"],
    ois: Float[Array, "*batch 2"],
) -> Float[Array, "*batch 2"]:
    """Return the points of a frame that show directions; the inverse of `seen_direction`."""
    lens = camera.lens
    normal = lenses.over_depth(direction) if lens is None else lenses.project(lens, direction)
    return _in_frame(camera, size, normal) + ois


def shown_direction(
    camera: Camera, size: tuple[int, int], point: Float[Array, "*batch 2"]
) -> Float[Array, "*batch 3"]:
    """Return the directions that points of the output show (see `lens.project_output`)."""
    normal = _normalized(camera, size, point)
    if camera.lens is None:
        return lenses.with_depth(normal)
    return lenses.unproject_output(camera.lens, normal)


def shown_point(
    camera: Camera, size: tuple[int, int], direction: Float[Array, "*batch 3"]
) -> Float[Array, "*batch 2"]:
    """Return the points of the output that show directions; the inverse of `shown_direction`."""
    lens = camera.lens
    normal = (
        lenses.over_depth(direction) if lens is None else lenses.project_output(lens, direction)
    )
    return _in_frame(camera, size, normal)


def carried(
    camera: Camera,
    size: tuple[int, int],
    point: Float[Array, "*batch 2"],
    source: Float[Array, "*batch 4"],
    target: Float[Array, "*batch 4"],
    source_ois: Float[Array, "*batch 2"],
    target_ois: Float[Array, "*batch 2"],
) -> Float[Array, "*batch 2"]:
    """Return where a far point of one frame lies in another.

    Args:
        camera: of both frames, with its lens.
        size: width and height of the frames in pixels.
        point: (x, y) in fractions of the source frame.
        source: pose [x, y, z, w], world to camera.
        target: likewise.
        source_ois: lens shift in fractions of the frame.
        target_ois: likewise.
    """
    turn = quaternion.to_matrix(quaternion.multiply(target, quaternion.conjugate(source)))
    direction = seen_direction(camera, size, point, source_ois)
    return seen_point(camera, size, (turn @ direction[..., None])[..., 0], target_ois)


def _normalized(
    camera: Camera, size: tuple[int, int], point: Float[Array, "*batch 2"]
) -> Float[Array, "*batch 2"]:
    xp = quaternion.array_namespace(point)
    (across, down), (center_x, center_y) = camera.focal_length, camera.principal_point
    x = (point[..., 0] - center_x) / across
    y = (point[..., 1] - center_y) / (down * size[0] / size[1])
    return xp.stack([x, y], axis=-1)


def _in_frame(
    camera: Camera, size: tuple[int, int], normal: Float[Array, "*batch 2"]
) -> Float[Array, "*batch 2"]:
    xp = quaternion.array_namespace(normal)
    (across, down), (center_x, center_y) = camera.focal_length, camera.principal_point
    x = normal[..., 0] * across + center_x
    y = normal[..., 1] * (down * size[0] / size[1]) + center_y
    return xp.stack([x, y], axis=-1)

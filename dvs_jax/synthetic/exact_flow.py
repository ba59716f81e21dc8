"""Exact flow between two frames, with rolling shutter, OIS, depth and occlusion."""

import numpy as np
from jaxtyping import Bool, Float, Float32

from dvs_jax.synthetic.scene import Scene, trace
from dvs_jax.synthetic.view import View, project, rays

SAME_DEPTH = 1.01
"""A surface occludes a point if it is nearer by more than this ratio."""


def transfer(
    scene: Scene, source: View, target: View, points: Float[np.ndarray, "point 2"]
) -> tuple[Float[np.ndarray, "point 2"], Bool[np.ndarray, "point"]]:
    """Return where points of one frame lie in another, and whether they are visible there.

    Args:
        scene: the world.
        source: the camera of the frame with the points.
        target: the camera of the other frame.
        points: pixels (x, y) within the source frame, float64.

    Returns:
        Pixels (x, y) of the target frame, float64, NaN for points that are behind its camera;
        and which of them lie within it and are not occluded.
    """
    origin, direction = rays(source, points)
    inverse_distance = trace(scene, source, points, origin.T, direction.T)
    landed, center, sight = project(target, origin, direction, inverse_distance)
    first = trace(scene, target, landed, center.T, sight.T)
    inside = ((landed >= 0) & (landed <= np.array(target.size) - 1)).all(axis=-1)
    return landed, inside & (first <= SAME_DEPTH * inverse_distance)


def dense_flow(
    scene: Scene, source: View, target: View, size: tuple[int, int]
) -> tuple[Float32[np.ndarray, "height width 2"], Bool[np.ndarray, "height width"]]:
    """Return the dense flow between two frames at any size.

    Args:
        scene: the world.
        source: the camera of the frame from which the flow leads.
        target: the camera of the frame to which it leads.
        size: width and height of the flow in pixels.

    Returns:
        Displacement (dx, dy) in pixels of the flow's own size, float32, 0 where the point is
        behind the target's camera; and where the point is visible in the target.
    """
    width, height = size
    ratio = np.array(source.size) / np.array(size)
    column, row = np.meshgrid(np.arange(width), np.arange(height))
    # Pixel centres lie on integers at either size, half a pixel inside the image's corner.
    points = ((np.stack([column, row], axis=-1) + 0.5) * ratio - 0.5).reshape(-1, 2)
    landed, visible = transfer(scene, source, target, points)
    flow = np.nan_to_num((landed - points) / ratio).astype(np.float32)
    return flow.reshape(height, width, 2), visible.reshape(height, width)

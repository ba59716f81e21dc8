"""Renders frames of a scene with a rolling shutter, a camera per row, without aliasing.

Surfaces are painted from far to near. Textures are sampled by trilinear mipmapping, so nothing
flickers as the camera moves.
"""

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from dvs_jax.synthetic.backdrop import Backdrop
from dvs_jax.synthetic.billboard import Billboard, Sighting, intersect, sight
from dvs_jax.synthetic.ground import CAMERA_HEIGHT_M, TILE_M, Ground
from dvs_jax.synthetic.pyramid import Level
from dvs_jax.synthetic.scene import Scene
from dvs_jax.synthetic.view import View, rays

LEVEL_STEP = 8
"""The pavement's mipmap level changes slowly: it is computed in every eighth column."""

ALLOWED_ALIASING = 0.7

Component = Float[np.ndarray, "row column"]
Image = UInt8[np.ndarray, "row column 4"]


def render(scene: Scene, view: View) -> UInt8[np.ndarray, "row column 3"]:
    """Return the frame that a camera sees, RGB.

    Args:
        scene: the world.
        view: the camera of each of the frame's rows.
    """
    width, height = view.size
    origin = view.center.T[:, :, None].astype(np.float32)
    direction = _pixel_rays(view, width)
    image = np.zeros((height, width, 4), np.uint8)
    _paint_backdrop(image, scene.backdrop, direction)
    _paint_ground(image, scene.ground, origin, direction, view.focal_px)
    for sighting in sight(scene.shadows, view) + sight(scene.billboards, view):
        _paint_billboard(image, sighting, origin, direction, view.focal_px)
    return cv2.cvtColor(image, cv2.COLOR_RGBA2RGB).astype(np.uint8, copy=False)


def coverage(
    billboard: Billboard, others: list[Billboard], view: View
) -> Float[np.ndarray, "row column"]:
    """Return the share of each pixel that shows a billboard, 0…1, where nearer others hide it.

    Args:
        billboard: the one to be seen.
        others: those that may stand before it.
        view: the camera of each of the frame's rows.
    """
    width, height = view.size
    origin = view.center.T[:, :, None].astype(np.float32)
    direction = _pixel_rays(view, width)
    share: Float[np.ndarray, "row column"] = np.zeros((height, width), np.float32)
    # Those farther away come first and change nothing: there is no share yet.
    for sighting in sight([billboard, *others], view):
        layer = np.zeros((height, width, 4), np.uint8)
        _paint_billboard(layer, sighting, origin, direction, view.focal_px)
        alpha = layer[..., 3] / np.float32(255.0)
        share = alpha if sighting.billboard is billboard else share * (1.0 - alpha)
    return share


def _pixel_rays(view: View, width: int) -> Float[np.ndarray, "3 row column"]:
    """Return each pixel's direction in the world, of length 1 along the optical axis, float32."""
    if view.camera.lens is not None:
        pixel = np.meshgrid(np.arange(width), np.arange(len(view.center)))
        _, direction = rays(view, np.stack(pixel, axis=-1).astype(float))
        return np.moveaxis(direction, -1, 0).astype(np.float32)
    row = np.arange(len(view.center))[:, None]
    at_left = view.back_projection[:, :, 1] * row + view.back_projection[:, :, 2]
    per_column = view.back_projection[:, :, 0].T[:, :, None].astype(np.float32)
    columns = np.arange(width, dtype=np.float32)
    return at_left.T[:, :, None].astype(np.float32) + per_column * columns


def _paint_backdrop(
    image: Image, backdrop: Backdrop, direction: Float[np.ndarray, "3 row column"]
) -> None:
    rows = _rows_with(direction[1] <= 0)
    x, y, z = direction[:, rows]
    scale = backdrop.pixels_per_radian
    circle = backdrop.image.shape[1] - 1
    column = np.arctan2(x, z) * scale - 0.5
    column += circle * (column < 0)
    level = np.sqrt(x * x + z * z)
    # Straight up the elevation's tangent is infinite, but the painting ends below.
    row = (backdrop.top + y / np.maximum(level, 1e-3)) * scale - 0.5
    image[rows] = _sample(backdrop.image, column, row)


def _paint_ground(
    image: Image,
    ground: Ground,
    origin: Float[np.ndarray, "3 row 1"],
    direction: Float[np.ndarray, "3 row column"],
    focal_px: float,
) -> None:
    below = direction[1] > 0
    if not below.any():
        return
    rows = _rows_with(below)
    x, y, z = direction[:, rows]
    height = CAMERA_HEIGHT_M - origin[1, rows]
    distance = height / np.maximum(y, 1e-5)
    across = (origin[0, rows] + distance * x) / TILE_M
    along = (origin[2, rows] + distance * z) / TILE_M
    level = _fitting_level(ground, distance[:, ::LEVEL_STEP], height, focal_px)
    paving = _sample_tile(ground, across, along, cv2.resize(level, y.shape[::-1]))
    np.copyto(image[rows], paving, where=below[rows][..., None])


def _fitting_level(
    ground: Ground, distance: Component, height: Float[np.ndarray, "row 1"], focal_px: float
) -> Component:
    """Return the mipmap level whose pixels have the size of the image's on the ground.

    Those are elongated along the line of sight; sharpness across it is preferred, at the cost of a
    little aliasing along it.
    """
    stretch = np.maximum(1.0, ALLOWED_ALIASING * distance / height)
    level = np.log2(distance / focal_px * stretch / ground.texel_m)
    return np.clip(level, 0.0, len(ground.pyramid) - 1.001)


def _sample_tile(ground: Ground, across: Component, along: Component, level: Component) -> Image:
    """Sample the pavement at tiles in the world, blending two mipmap levels at each pixel."""
    side = len(ground.pyramid[0]) - 2
    texel_x, texel_y = (side * (tiles - np.floor(tiles)) - 0.5 for tiles in (across, along))
    paving = np.zeros((*level.shape, 4), np.uint8)
    finer = level.astype(np.uint8)
    share = level - finer
    for number in np.unique(finer).tolist():
        rows = _rows_with(finer == number)
        x, y = texel_x[rows] * 0.5**number, texel_y[rows] * 0.5**number
        fine, coarse = ground.pyramid[number : number + 2]
        blended = cv2.blendLinear(
            _sample(fine, x + 1, y + 1),
            _sample(coarse, x / 2 + 1, y / 2 + 1),
            1 - share[rows],
            share[rows],
        )
        np.copyto(paving[rows], blended, where=(finer[rows] == number)[..., None])
    return paving


def _paint_billboard(
    image: Image,
    sighting: Sighting,
    origin: Float[np.ndarray, "3 row 1"],
    direction: Float[np.ndarray, "3 row column"],
    focal_px: float,
) -> None:
    rows, columns, billboard = sighting.rows, sighting.columns, sighting.billboard
    _, across, down = intersect(billboard, origin[:, rows], direction[:, rows, columns])
    texel_m, pyramid = billboard.cutout.texel_m, billboard.cutout.pyramid
    level = np.log2(sighting.distance_m / focal_px / texel_m)
    level = float(np.clip(level, 0.0, len(pyramid) - 1.001))
    finer = int(level)
    x, y = across / texel_m - 0.5, down / texel_m - 0.5
    samples = [
        _sample(pyramid[number], x * 0.5**number, y * 0.5**number, cv2.BORDER_CONSTANT)
        for number in (finer, finer + 1)
    ]
    picture = cv2.addWeighted(samples[0], 1 - level + finer, samples[1], level - finer, 0.0)
    uncovered = cv2.cvtColor(255 - picture[..., 3], cv2.COLOR_GRAY2RGBA)
    behind = cv2.multiply(image[rows, columns], uncovered, scale=1 / 255)
    image[rows, columns] = cv2.add(behind, picture)


def _rows_with(mask: np.ndarray) -> slice:
    """Return the smallest range of rows that contains every set pixel."""
    found = np.flatnonzero(mask.any(axis=1))
    return slice(found[0], found[-1] + 1) if len(found) else slice(0, 0)


def _sample(
    texture: Level, x: Component, y: Component, border: int = cv2.BORDER_REPLICATE
) -> Image:
    if x.size == 0:
        return np.zeros((*x.shape, 4), np.uint8)
    x, y = x.astype(np.float32, copy=False), y.astype(np.float32, copy=False)
    return cv2.remap(texture, x, y, cv2.INTER_LINEAR, borderMode=border).astype(
        np.uint8, copy=False
    )

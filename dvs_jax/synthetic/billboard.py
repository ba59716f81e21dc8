"""Billboards: flat images in the world, and where a camera sees them.

World coordinates are metres: x right, y down, z forward as the camera stands at first. Arrays of
points have their component first, [3, ...], so that each component is contiguous.
"""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float

from dvs_jax.synthetic.cutouts import Cutout
from dvs_jax.synthetic.view import View, distorted

NEAREST_M = 0.3
"""Billboards partly closer than this to the camera's plane are left out, as filling the view."""

BOX_ROWS = 5
BOX_MARGIN_PX = 3
"""A billboard's outline is projected through this many rows' cameras; between them it may bulge."""

EDGE_POINTS = 9
"""Points of an outline's edge that are projected through a lens."""

SMALLEST_INVERSE = 1e-6

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Billboard:
    """A cutout in the world: standing, or lying on the ground.

    Attributes:
        cutout: its picture.
        corner: its upper left corner, metres.
        right: unit vector along its upper edge.
        down: unit vector along its left edge.
    """

    cutout: Cutout
    corner: Vector
    right: Vector
    down: Vector

    @cached_property
    def corners(self) -> Float[np.ndarray, "4 3"]:
        """The four corners, metres; the last two are the lower ones."""
        across = self.cutout.width_m * np.array(self.right)
        down = self.cutout.height_m * np.array(self.down)
        corner = np.array(self.corner)
        return np.stack([corner, corner + across, corner + down, corner + across + down])


@dataclass(frozen=True)
class Sighting:
    """A billboard, and the part of the image in which it is visible.

    Attributes:
        billboard: the billboard.
        distance_m: from the camera to its middle.
        rows: image rows in which it may be visible.
        columns: likewise.
    """

    billboard: Billboard
    distance_m: float
    rows: slice
    columns: slice


def sight(billboards: list[Billboard], view: View) -> list[Sighting]:
    """Return the visible billboards, far to near."""
    width, height = view.size
    low, high = _bounding_boxes(np.stack([billboard.corners for billboard in billboards]), view)
    low, high = np.maximum(low, 0), np.minimum(high, (width, height))
    sightings = [
        Sighting(
            billboard,
            float(np.linalg.norm(billboard.corners.mean(axis=0) - view.center[height // 2])),
            slice(int(top), int(bottom)),
            slice(int(left), int(right)),
        )
        for billboard, (left, top), (right, bottom) in zip(billboards, low, high, strict=True)
        if left < right and top < bottom
    ]
    return sorted(sightings, key=lambda sighting: -sighting.distance_m)


def _bounding_boxes(
    corners: Float[np.ndarray, "billboard 4 3"], view: View
) -> tuple[Float[np.ndarray, "billboard 2"], Float[np.ndarray, "billboard 2"]]:
    """Return bounding boxes' upper left and lower right pixels; empty if too near or behind."""
    row = np.linspace(0, len(view.center) - 1, BOX_ROWS).astype(int)
    if view.camera.lens is not None:
        corners = _outlines(corners)
    away = corners[:, None] - view.center[row][:, None]
    image = np.einsum("rij,brcj->brci", view.projection[row], away)
    depth = image[..., 2:]
    pixels = image[..., :2] / np.maximum(depth, NEAREST_M)
    pixels = distorted(view, pixels, np.broadcast_to(row[:, None], pixels.shape[:-1]))
    low = np.floor(pixels.min(axis=(1, 2))) - BOX_MARGIN_PX
    high = np.ceil(pixels.max(axis=(1, 2))) + BOX_MARGIN_PX + 1
    is_ahead = depth.min(axis=(1, 2)) >= NEAREST_M
    return low, np.where(is_ahead, high, -np.inf)


def _outlines(
    corners: Float[np.ndarray, "billboard 4 3"],
) -> Float[np.ndarray, "billboard point 3"]:
    """Return points along the edges, which a lens curves; metres."""
    upper_left, upper_right, lower_left, lower_right = np.moveaxis(corners[:, :, None], 1, 0)
    share = np.linspace(0.0, 1.0, EDGE_POINTS)[:, None]
    edges = (
        (upper_left, upper_right),
        (lower_left, lower_right),
        (upper_left, lower_left),
        (upper_right, lower_right),
    )
    return np.concatenate([start + share * (end - start) for start, end in edges], axis=1)


def intersect(
    billboard: Billboard,
    origin: Float[np.ndarray, "3 *#batch"],
    direction: Float[np.ndarray, "3 *batch"],
) -> tuple[Float[np.ndarray, "*batch"], Float[np.ndarray, "*batch"], Float[np.ndarray, "*batch"]]:
    """Intersect rays with a billboard's plane.

    Args:
        billboard: the billboard.
        origin: where the rays start.
        direction: of any length.

    Returns:
        Inverse distance in inverse lengths of the direction, not above 0 where the plane lies
        behind; metres to the right of and below the upper left corner.
    """
    away = [corner - start for corner, start in zip(billboard.corner, origin, strict=True)]
    normal = np.cross(billboard.right, billboard.down).tolist()
    inverse = _dot(normal, direction) / _dot(normal, away)
    distance = 1.0 / np.where(inverse > SMALLEST_INVERSE, inverse, 1 / SMALLEST_INVERSE)
    across = distance * _dot(billboard.right, direction) - _dot(billboard.right, away)
    down = distance * _dot(billboard.down, direction) - _dot(billboard.down, away)
    return inverse, across, down


def covers(
    cutout: Cutout, across: Float[np.ndarray, "point"], down: Float[np.ndarray, "point"]
) -> Bool[np.ndarray, "point"]:
    """Return whether a cutout's coverage is half or more at points in metres."""
    coverage = cutout.pyramid[0][..., 3]
    height, width = coverage.shape
    x, y = np.floor(across / cutout.texel_m), np.floor(down / cutout.texel_m)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    x, y = np.clip(x, 0, width - 1).astype(int), np.clip(y, 0, height - 1).astype(int)
    return inside & (coverage[y, x] > 127)


def _dot(vector: Iterable[float], components: Iterable[np.ndarray]) -> np.ndarray:
    """Return the scalar product, without the work for components that are zero."""
    terms = [float(v) * c for v, c in zip(vector, components, strict=True) if v != 0.0]
    return functools.reduce(np.add, terms)

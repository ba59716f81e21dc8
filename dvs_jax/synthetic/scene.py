"""The world of a synthetic clip: surroundings at infinity, a ground, billboards.

World coordinates are metres: x right, y down, z forward as the camera stands at first.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from dvs_jax.synthetic.backdrop import Backdrop, paint_backdrop
from dvs_jax.synthetic.billboard import Billboard, covers, intersect, sight
from dvs_jax.synthetic.clip import SyntheticClip
from dvs_jax.synthetic.cutouts import Cutout, paint_cutouts, paint_shadow
from dvs_jax.synthetic.ground import CAMERA_HEIGHT_M, Ground, pave
from dvs_jax.synthetic.motion import make_motion
from dvs_jax.synthetic.view import View

FINEST_FOCAL_PX = 1500.0
"""Finest texture resolution: with a longer focal length in pixels textures are enlarged."""

CELL_M = 4.0
"""Side of the square grid's cells, each with at most one billboard."""
OCCUPIED = 0.45
REACH_M = 18.0
LANE_M = 2.4
"""Smallest distance of billboards from the camera's path."""
CLEARING_M = 3.6
"""Smallest distance of billboards from the camera's start."""
SUN_SHIFT = np.array([0.22, 0.0, 0.12])
"""Offset of a shadow from its billboard, in widths of the billboard."""


@dataclass(frozen=True)
class Scene:
    """The objects of a scene.

    Attributes:
        backdrop: the surroundings at infinity.
        ground: the pavement, `CAMERA_HEIGHT_M` below the world's origin.
        billboards: those that stand on it.
        shadows: the billboards' shadows on it.
    """

    backdrop: Backdrop
    ground: Ground
    billboards: list[Billboard]
    shadows: list[Billboard]


def make_scene(clip: SyntheticClip) -> Scene:
    """Paint the world of a clip at its frames' resolution."""
    width, height = clip.size
    half_height = 0.5 * height / (clip.focal_length * width)
    focal_px = min(clip.focal_length * width, FINEST_FOCAL_PX)
    texel_m = CLEARING_M / focal_px
    way_m = make_motion(clip).forward_m_s * clip.duration_s
    cutouts = paint_cutouts(clip.seed, texel_m)
    shadows = {cutout.width_m: paint_shadow(cutout.width_m) for cutout in cutouts}
    billboards = _place(clip.seed, cutouts, way_m)
    return Scene(
        backdrop=paint_backdrop(clip.seed, focal_px, half_height),
        ground=pave(clip.seed, texel_m),
        billboards=billboards,
        shadows=[_lay(shadows[standing.cutout.width_m], standing) for standing in billboards],
    )


def _place(seed: int, cutouts: list[Cutout], way_m: float) -> list[Billboard]:
    """Scatter cutouts around the camera's start and along its path, in the z direction."""
    rng = np.random.default_rng([seed, 40])
    billboards = []
    for cell_z in np.arange(-REACH_M, way_m + 2 * REACH_M, CELL_M):
        for cell_x in np.arange(-REACH_M, REACH_M, CELL_M):
            x, z = cell_x + rng.uniform(0.0, CELL_M), cell_z + rng.uniform(0.0, CELL_M)
            kind, chance, turn = rng.integers(len(cutouts)), rng.random(), rng.uniform(-0.25, 0.25)
            in_lane = abs(x) < LANE_M and z > 0
            if chance < OCCUPIED and not in_lane and np.hypot(x, z) > CLEARING_M + 1.0:
                billboards.append(_stand(cutouts[kind], x, z, turn))
    return billboards


def _stand(cutout: Cutout, x: float, z: float, turn: float) -> Billboard:
    """Stand a cutout on the ground, facing the camera."""
    azimuth = np.arctan2(x, min(z, 8.0)) + turn
    right = np.cos(azimuth), 0.0, -np.sin(azimuth)
    top = CAMERA_HEIGHT_M - cutout.height_m
    half = cutout.width_m / 2
    return Billboard(cutout, (x - half * right[0], top, z - half * right[2]), right, (0, 1, 0))


def _lay(shadow: Cutout, billboard: Billboard) -> Billboard:
    """Lay a shadow on the ground at a billboard's foot, away from the sun."""
    right = np.array(billboard.right)
    toward = np.array([right[2], 0.0, -right[0]])
    middle = billboard.corners[2:].mean(axis=0) + SUN_SHIFT * shadow.width_m
    corner = middle - 0.5 * shadow.width_m * right - 0.5 * shadow.height_m * toward
    return Billboard(shadow, tuple(corner.tolist()), billboard.right, tuple(toward.tolist()))


def trace(
    scene: Scene,
    view: View,
    pixels: Float[np.ndarray, "point 2"],
    origin: Float[np.ndarray, "3 point"],
    direction: Float[np.ndarray, "3 point"],
) -> Float[np.ndarray, "point"]:
    """Return the inverse distance of the first surface on each ray of a camera; 0 is infinity.

    Args:
        scene: the world.
        view: the camera.
        pixels: (x, y) of the rays.
        origin: where each ray starts, metres.
        direction: of each ray; its length is the unit of the distance.
    """
    nearest = np.maximum(direction[1] / (CAMERA_HEIGHT_M - origin[1]), 0.0)
    x, y = pixels.T
    for sighting in sight(scene.billboards, view):
        rows, columns = sighting.rows, sighting.columns
        in_box = (x >= columns.start) & (x < columns.stop) & (y >= rows.start) & (y < rows.stop)
        found = np.flatnonzero(in_box)
        billboard = sighting.billboard
        inverse, across, down = intersect(billboard, origin[:, found], direction[:, found])
        hit = (inverse > nearest[found]) & covers(billboard.cutout, across, down)
        nearest[found[hit]] = inverse[hit]
    return nearest

"""A world that is fast to render: a ground and a dozen upright planes, some of which move.

World coordinates are metres: x right, y down, z forward as the camera stands at first. In units of
1/depth a plane is linear along an image row, so ray tracing takes a few additions and
multiplications per pixel.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Int8

from dvs_jax import quaternion
from dvs_jax.synthetic.clip import SyntheticClip
from dvs_jax.synthetic.ground import CAMERA_HEIGHT_M
from dvs_jax.synthetic.motion import Motion, pose_at, position_at
from dvs_jax.synthetic.row_cameras import RowCameras
from dvs_jax.synthetic.variety import log_uniform

LARGEST_INVERSE = 2.5
"""Inverse of the smallest visible depth, 1/m: nearer planes would fill the view."""

NEAREST_M = (1.5, 8.0)
"""Range of the distance of a clip's nearest planes, metres, log-uniform."""
FARTHEST = 8.0
"""Distance of the farthest planes over that of the nearest."""
HALF_VIEW_RAD = 0.7
LANE_M = 0.8
"""Smallest distance of planes from the camera's path."""
GROUND_CHANCE = 0.75
STANDING = (5, 13)
MOST_MOVING = 3
IMAGE_SPEED_DEG_S = (3.0, 70.0)
"""Range of the angular speed at which moving planes cross the view."""

STANDS = -1
"""The plane index of points that do not move."""


@dataclass(frozen=True)
class Plane:
    """An upright rectangle or ellipse.

    Attributes:
        center: float64 [3], its middle at time 0, metres.
        right: float64 [3], horizontal unit vector along it.
        half: half its width and height, metres.
        velocity: float64 [3], metres a second.
        is_round: whether it is an ellipse.
    """

    center: Float[np.ndarray, "3"]
    right: Float[np.ndarray, "3"]
    half: tuple[float, float]
    velocity: Float[np.ndarray, "3"]
    is_round: bool


@dataclass(frozen=True)
class PlaneWorld:
    """The planes of a world; all else is at infinity.

    Attributes:
        ground_m: how far the ground lies below the world's origin, or None without ground.
        standing: static planes.
        moving: moving planes.
    """

    ground_m: float | None
    standing: tuple[Plane, ...]
    moving: tuple[Plane, ...]


def make_planes(clip: SyntheticClip, motion: Motion) -> PlaneWorld:
    """Place planes where the camera looks, at random by the clip's seed."""
    rng = np.random.default_rng([clip.seed, 50])
    nearest = log_uniform(rng, NEAREST_M)
    count, moving_count = rng.integers(*STANDING), rng.integers(MOST_MOVING + 1)
    ground = CAMERA_HEIGHT_M if rng.random() < GROUND_CHANCE else None
    standing = [_draw_plane(rng, clip, motion, nearest) for _ in range(count)]
    way_m = motion.forward_m_s * clip.duration_s
    return PlaneWorld(
        ground,
        tuple(plane for plane in standing if not _in_lane(plane, way_m)),
        tuple(_set_moving(rng, clip, motion, nearest) for _ in range(moving_count)),
    )


def _draw_plane(
    rng: np.random.Generator, clip: SyntheticClip, motion: Motion, nearest_m: float
) -> Plane:
    """Place a static plane in the view at some time of the clip."""
    moment = np.array(rng.uniform(0.0, clip.duration_s))
    x, _, z = quaternion.rotate(quaternion.conjugate(pose_at(motion, moment)), np.eye(3)[2])
    azimuth = np.arctan2(x, z) + rng.uniform(-HALF_VIEW_RAD, HALF_VIEW_RAD)
    distance = nearest_m * FARTHEST ** rng.random()
    half_width, half_height = distance * rng.uniform(0.04, 0.4, 2)
    floats = rng.random() < 0.3
    y = rng.uniform(-0.4, 0.4) * distance if floats else CAMERA_HEIGHT_M - half_height
    away = distance * np.array([np.sin(azimuth), 0.0, np.cos(azimuth)]) + np.array([0.0, y, 0.0])
    facing = azimuth + rng.uniform(-1.0, 1.0)
    return Plane(
        center=position_at(motion, moment) + away,
        right=np.array([np.cos(facing), 0.0, -np.sin(facing)]),
        half=(float(half_width), float(half_height)),
        velocity=np.zeros(3),
        is_round=bool(rng.random() < 0.3),
    )


def _in_lane(plane: Plane, way_m: float) -> bool:
    """Return whether a plane stands in the path of a camera that moves forward."""
    reach = plane.half[0] * np.abs(plane.right)
    beside = abs(plane.center[0]) - reach[0] > LANE_M
    beyond = plane.center[2] - reach[2] > way_m + 1.0
    return way_m > 0 and not (beside or beyond)


def _set_moving(
    rng: np.random.Generator, clip: SyntheticClip, motion: Motion, nearest_m: float
) -> Plane:
    """Make a moving plane that crosses the view at some time of the clip."""
    plane = _draw_plane(rng, clip, motion, nearest_m)
    moment = rng.uniform(0.0, clip.duration_s)
    distance = np.linalg.norm(plane.center - position_at(motion, np.array(moment)))
    speed = distance * np.radians(log_uniform(rng, IMAGE_SPEED_DEG_S))
    direction = plane.right * rng.choice([-1.0, 1.0]) + rng.normal(0.0, [0.2, 0.1, 0.2])
    velocity = speed * direction / np.linalg.norm(direction)
    return Plane(
        plane.center - velocity * moment, plane.right, plane.half, velocity, plane.is_round
    )


def trace(
    world: PlaneWorld, cameras: RowCameras, frame: int
) -> tuple[Float32[np.ndarray, "height width"], Int8[np.ndarray, "height width"]]:
    """Ray trace a frame: the depth and the moving plane at each pixel.

    Args:
        world: the world.
        cameras: the camera at every row.
        frame: number of the frame.

    Returns:
        1/depth along the optical axis, 1/m, 0 at infinity; and the index of the moving plane seen
        there, or `STANDS`.
    """
    width, height = cameras.size
    back, center = cameras.back_projection[frame].astype(float), cameras.center[frame]
    inverse = np.zeros((height, width), np.float32)
    owner = np.full((height, width), STANDS, np.int8)
    if world.ground_m is not None:
        down = np.array([0.0, 1.0, 0.0])
        np.clip(
            _along_rows(back, down, world.ground_m - center[:, 1], width),
            0.0,
            LARGEST_INVERSE,
            out=inverse,
        )
    for plane in world.standing:
        _put(plane, back, center, inverse)
    for index, plane in enumerate(world.moving):
        seen_from = center - cameras.time_s[frame][:, None] * plane.velocity
        owner[_put(plane, back, seen_from, inverse)] = index
    return inverse, owner


def _put(
    plane: Plane,
    back: Float[np.ndarray, "row 3 3"],
    center: Float[np.ndarray, "row 3"],
    inverse: Float32[np.ndarray, "row column"],
) -> np.ndarray:
    """Draw a plane into the depth buffer, in place; return where it is visible."""
    down, width = np.array([0.0, 1.0, 0.0]), inverse.shape[1]
    normal = np.array([-plane.right[2], 0.0, plane.right[0]])
    own = _along_rows(back, normal, (plane.center - center) @ normal, width)
    ahead = (own > inverse) & (own < LARGEST_INVERSE)
    if not ahead.any():
        return ahead
    x = _on_plane(back, plane.right, center - plane.center, own) / plane.half[0]
    y = _on_plane(back, down, center - plane.center, own) / plane.half[1]
    inside = (x * x + y * y < own * own) if plane.is_round else np.maximum(abs(x), abs(y)) < own
    seen = ahead & inside
    np.copyto(inverse, own, where=seen)
    return seen


def _along_rows(
    back: Float[np.ndarray, "row 3 3"],
    vector: Float[np.ndarray, "3"],
    divisor: Float[np.ndarray, "row"] | float,
    width: int,
) -> Float32[np.ndarray, "row column"]:
    """Return (vector · direction of each pixel's ray) / divisor, which is linear along a row."""
    form = vector @ back / np.reshape(divisor, (-1, 1))
    start = form[:, 1] * np.arange(len(back)) + form[:, 2]
    column = np.arange(width, dtype=np.float32)
    return form[:, :1].astype(np.float32) * column + start[:, None].astype(np.float32)


def _on_plane(
    back: Float[np.ndarray, "row 3 3"],
    axis: Float[np.ndarray, "3"],
    away: Float[np.ndarray, "row 3"],
    inverse: Float32[np.ndarray, "row column"],
) -> Float32[np.ndarray, "row column"]:
    """Return the ray's intersection along an axis of the plane, times the inverse depth."""
    along = _along_rows(back, axis, 1.0, inverse.shape[1])
    return along + (away @ axis)[:, None].astype(np.float32) * inverse

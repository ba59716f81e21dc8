"""Exact flow of a world of planes, fast enough for hundreds of clips.

With a rolling shutter, the target row at which a point is seen solves a fixed-point equation. The
point is first projected with the camera of the source's row, with the derivative by the row; one
step of Newton's method gives the row, one projection there the pixel, and the derivative corrects
the small remaining error.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32

from dvs_jax.synthetic.clip import SyntheticClip
from dvs_jax.synthetic.motion import make_motion
from dvs_jax.synthetic.planes import PlaneWorld, make_planes, trace
from dvs_jax.synthetic.row_cameras import RowCameras, make_row_cameras

SMALLEST_DEPTH = 1e-3

FASTEST_ROWS = 0.8
"""Largest row speed of a point over the readout's: a faster one is seen never or repeatedly."""


@dataclass(frozen=True)
class Patch:
    """A box of a source frame's pixels, and their depth.

    Attributes:
        rows: of the frame.
        columns: likewise.
        inverse: float32 [row, column], 1/depth.
        center: float64 [frame, row, 3], camera centres relative to the patch's own motion.
    """

    rows: slice
    columns: slice
    inverse: Float32[np.ndarray, "row column"]
    center: Float[np.ndarray, "frame every 3"]


def bulk_flow(
    clip: SyntheticClip, size: tuple[int, int]
) -> Iterator[Float32[np.ndarray, "height width 4"]]:
    """Compute the exact flow between each frame and the next, both ways.

    Args:
        clip: the description; its camera moves among the planes that `make_planes` draws.
        size: width and height of the flow in pixels.

    Yields:
        For each pair of frames, in pixels of the flow's size: forward dx, dy from frame i to i + 1,
        and backward dx, dy from i + 1 to i; also for points occluded in the other frame.
    """
    motion = make_motion(clip)
    cameras, world = make_row_cameras(clip, motion, size), make_planes(clip, motion)
    later = patches(world, cameras, 0)
    for frame in range(clip.frame_count - 1):
        earlier, later = later, patches(world, cameras, frame + 1)
        forward = flow_of(earlier, cameras, frame, frame + 1)
        backward = flow_of(later, cameras, frame + 1, frame)
        yield np.concatenate([forward, backward], axis=-1)


def patches(world: PlaneWorld, cameras: RowCameras, frame: int) -> list[tuple[Patch, np.ndarray]]:
    """Return the parts of a frame that move together, each with the mask of its pixels."""
    inverse, owner = trace(world, cameras, frame)
    height, width = inverse.shape
    whole = Patch(slice(0, height), slice(0, width), inverse, cameras.center)
    found = [(whole, np.ones(inverse.shape, bool))]
    for index, plane in enumerate(world.moving):
        mask = owner == index
        if mask.any():
            rows, columns = (_extent(mask.any(axis=axis)) for axis in (1, 0))
            center = cameras.center - cameras.time_s[..., None] * plane.velocity
            patch = Patch(rows, columns, inverse[rows, columns], center)
            found.append((patch, mask[rows, columns]))
    return found


def _extent(line: np.ndarray) -> slice:
    found = np.flatnonzero(line)
    return slice(int(found[0]), int(found[-1]) + 1)


def flow_of(
    parts: list[tuple[Patch, np.ndarray]], cameras: RowCameras, source: int, target: int
) -> Float32[np.ndarray, "height width 2"]:
    """Return the flow of a frame's patches, later ones before earlier ones; see `bulk_flow`."""
    width, height = cameras.size
    flow = np.zeros((height, width, 2), np.float32)
    for patch, mask in parts:
        own = _displacement(patch, cameras, source, target)
        np.copyto(flow[patch.rows, patch.columns], own, where=mask[..., None])
    return flow


def _displacement(
    patch: Patch, cameras: RowCameras, source: int, target: int
) -> Float32[np.ndarray, "row column 2"]:
    height = cameras.size[1]
    row = np.arange(height)[patch.rows]
    column = np.arange(cameras.size[0], dtype=np.float32)[patch.columns]
    level = row[:, None].astype(np.float32)
    start = _seen_from_rows(patch, cameras, source, target, row)
    # The difference quotient is taken towards the side on which there is another row.
    step = np.where(row < height - 1, 1, -1)
    change = _seen_from_rows(patch, cameras, source, target, row + step)
    rate = [(b - a) * step[:, None].astype(np.float32) for a, b in zip(start, change, strict=True)]
    slowed = 1.0 - np.clip(rate[1], -FASTEST_ROWS, FASTEST_ROWS)
    guess = np.clip(level + (start[1] - level) / slowed, *cameras.reach)
    x, y, depth = _seen_at(patch, cameras, source, target, guess)
    late = (np.clip(y, *cameras.reach) - guess) / slowed
    flow = np.stack([x + rate[0] * late - column, y + rate[1] * late - level], axis=-1)
    return np.where(depth[..., None] > SMALLEST_DEPTH, flow, np.float32(0.0))


def _seen_from_rows(
    patch: Patch,
    cameras: RowCameras,
    source: int,
    target: int,
    target_row: np.ndarray,
) -> tuple[Float32[np.ndarray, "row column"], Float32[np.ndarray, "row column"]]:
    """Project the pixels of each source row by the camera of one target row."""
    onto = cameras.projection[target, target_row]
    matrix = onto @ cameras.back_projection[source, patch.rows]
    away = patch.center[source, patch.rows] - patch.center[target, target_row]
    offset = np.einsum("rij,rj->ri", onto, away.astype(np.float32))
    x, y, depth = _apply(matrix, offset, patch)
    depth = np.maximum(depth, np.float32(SMALLEST_DEPTH))
    return x / depth, y / depth


def _apply(
    matrix: Float32[np.ndarray, "row 3 3"], offset: Float32[np.ndarray, "row 3"], patch: Patch
) -> list[Float32[np.ndarray, "row column"]]:
    """Return matrix · (x, y, 1) + offset / depth of the patch's pixels."""
    row = np.arange(patch.rows.start, patch.rows.stop, dtype=np.float32)
    column = np.arange(patch.columns.start, patch.columns.stop, dtype=np.float32)
    start = matrix[:, :, 1] * row[:, None] + matrix[:, :, 2]
    return [
        matrix[:, i, :1] * column + start[:, i : i + 1] + offset[:, i : i + 1] * patch.inverse
        for i in range(3)
    ]


def _seen_at(
    patch: Patch,
    cameras: RowCameras,
    source: int,
    target: int,
    target_row: Float32[np.ndarray, "row column"],
) -> tuple[
    Float32[np.ndarray, "row column"],
    Float32[np.ndarray, "row column"],
    Float32[np.ndarray, "row column"],
]:
    """Project each pixel by the target's camera at the pixel's own row; return its depth too."""
    origin = patch.center[source, patch.rows]
    nearby = origin[len(origin) // 2]
    away = np.zeros((len(origin), 3), np.float32)
    away[:] = origin - nearby
    center = (patch.center[target] - nearby).astype(np.float32)
    table = np.concatenate([cameras.projection[target].reshape(-1, 9), center], axis=1)
    values = _interpolate(table, target_row)
    direction = _apply(cameras.back_projection[source, patch.rows], away, patch)
    sight = [d - c * patch.inverse for d, c in zip(direction, values[9:], strict=True)]
    x, y, depth = (
        values[3 * i] * sight[0] + values[3 * i + 1] * sight[1] + values[3 * i + 2] * sight[2]
        for i in range(3)
    )
    safe = np.maximum(depth, np.float32(SMALLEST_DEPTH))
    return x / safe, y / safe, depth


def _interpolate(
    table: Float32[np.ndarray, "every value"], row: Float32[np.ndarray, "row column"]
) -> Float32[np.ndarray, "value row column"]:
    """Interpolate a table of rows, extrapolated linearly by half a row beyond its ends."""
    above = np.clip(row.astype(np.int32), 0, len(table) - 2)
    weight = row - above.astype(np.float32)
    step = np.ascontiguousarray(np.diff(table, axis=0).T)
    start = np.ascontiguousarray(table[:-1].T)
    return start[:, above] + step[:, above] * weight

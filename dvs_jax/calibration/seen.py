"""What the pictures show: corners tracked from frame to frame, and the turn that they tell."""

import dataclasses
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from dvs_jax import camera as cameras
from dvs_jax import clip as clips
from dvs_jax.camera import Camera
from dvs_jax.clip import Clip
from dvs_jax.motion.tracking import Tracker
from dvs_jax.sensors import OisLog, ois_at

_ROUNDS = 8
_LEAST_CORNERS = 12
_CORNER_ERROR = 0.0008
"""Of the picture's width: half a pixel at 640. Larger residuals count less."""


class Seen(NamedTuple):
    """Corners found again in the next frame, as rays through a pinhole of focal length 1.

    Attributes:
        begin_s: float64 [pair], when the first row of the earlier frame was exposed.
        end_s: likewise of the later frame.
        ray: float64 [pair, corner, 2], (x, y) in picture widths from the principal point.
        moved: float64 [pair, corner, 2], by how much it moved to the later frame, likewise.
        row: float64 [pair, corner, 2], where it lay in the earlier and in the later frame, from
            the first row (0) to the last (1).
        known: which corners were found; the others are padding.
        lens: the OIS log, None where there is none.
        lens_begin_s: float64 [pair], as `begin_s`, on the OIS log's clock.
        lens_end_s: likewise.
        aspect: the picture's height over its width.
    """

    begin_s: Float[np.ndarray, "pair"]
    end_s: Float[np.ndarray, "pair"]
    ray: Float[np.ndarray, "pair corner 2"]
    moved: Float[np.ndarray, "pair corner 2"]
    row: Float[np.ndarray, "pair corner 2"]
    known: Bool[np.ndarray, "pair corner"]
    lens: OisLog | None
    lens_begin_s: Float[np.ndarray, "pair"]
    lens_end_s: Float[np.ndarray, "pair"]
    aspect: float

    def moved_by_lens(self, readout_s: float) -> Float[np.ndarray, "pair corner 2"]:
        """Return by how much the stabiliser's lens moved each corner, in picture widths."""
        if self.lens is None:
            return np.zeros_like(self.moved)
        begin_s, end_s = (each[:, None] for each in (self.lens_begin_s, self.lens_end_s))
        later, earlier = (
            ois_at(self.lens, ((start_s + readout_s * row) * 1e9).astype(np.int64))
            for start_s, row in ((end_s, self.row[..., 1]), (begin_s, self.row[..., 0]))
        )
        return (later - earlier) * np.array([1.0, self.aspect])


def seen_in(clip: Clip) -> Seen:
    """Track corners through a clip.

    Raises:
        InputError: a frame cannot be read.
    """
    sensors = clips.recorded(clip)
    tracker = Tracker()
    tracks = [tracker.follow(picture) for picture in clips.read_pictures(clip)][1:]
    earlier, later, known = (np.stack(part) for part in zip(*tracks, strict=True))
    row = np.stack([earlier[..., 1], later[..., 1]], axis=-1).astype(np.float64)
    camera = sensors.camera
    if camera.lens is not None:
        earlier, later = (_straightened(each, camera, clip.size) for each in (earlier, later))
    width, height = clips.shown_size(clip.video)
    scale = np.array([1.0, height / width])
    time_s, lens_s = (each * 1e-9 for each in (sensors.frames.time_ns, sensors.frames.ois_time_ns))
    return Seen(
        begin_s=time_s[:-1],
        end_s=time_s[1:],
        ray=(earlier - np.array(camera.principal_point)) * scale,
        moved=(later - earlier).astype(np.float64) * scale,
        row=row,
        known=known,
        lens=sensors.ois,
        lens_begin_s=lens_s[:-1],
        lens_end_s=lens_s[1:],
        aspect=height / width,
    )


def _straightened(
    point: Float[np.ndarray, "pair corner 2"], camera: Camera, size: tuple[int, int]
) -> Float[np.ndarray, "pair corner 2"]:
    """Return where corners would lie without the lens's distortion, in fractions of the picture."""
    still = np.zeros_like(point, np.float64)
    direction = cameras.seen_direction(camera, size, point.astype(np.float64), still)
    return cameras.seen_point(dataclasses.replace(camera, lens=None), size, direction, still)


def moved_by_turn(
    ray: Float[np.ndarray, "*corner 2"], turn: Float[np.ndarray, "*corner 3"], focal: float
) -> Float[np.ndarray, "*corner 2"]:
    """Return by how much corners move in the picture when the pose turns a little.

    The first-order motion field of a rotation (Longuet-Higgins and Prazdny, "The interpretation of
    a moving retinal image", 1980).

    Args:
        ray: (x, y) in picture widths from the principal point.
        turn: the pose's rotation vector, rad.
        focal: focal length in picture widths.
    """
    u, v = ray[..., 0] / focal, ray[..., 1] / focal
    x, y, z = (turn[..., axis] for axis in range(3))
    across = y * (1.0 + u * u) - z * v - x * u * v
    down = -x * (1.0 + v * v) + z * u + y * u * v
    return focal * np.stack([across, down], axis=-1)


class Turns(NamedTuple):
    """The turns that the pictures tell.

    Attributes:
        vector: float64 [pair, 3], the pose's rotation vector from frame to frame, rad; NaN where
            too few corners were found.
        weight: float64 [pair, corner], by how much each corner counts: less the worse it fits.
    """

    vector: Float[np.ndarray, "pair 3"]
    weight: Float[np.ndarray, "pair corner"]


def turns_of(seen: Seen, focal: float, readout_s: float) -> Turns:
    """Return each pair's turn that explains best how corners moved, but for the lens.

    Least squares, reweighted by Cauchy's function, so that things that move count little.

    Args:
        seen: the corners.
        focal: focal length in picture widths.
        readout_s: from the exposure of the first row to that of the last.
    """
    design, moved = design_of(seen, focal), seen.moved - seen.moved_by_lens(readout_s)
    weight = seen.known.astype(np.float64)
    for _ in range(_ROUNDS):
        turn = best_turn(design, moved, weight)
        left = moved - np.einsum("pcdi,pi->pcd", design, turn)
        weight = seen.known / (1.0 + (np.linalg.norm(left, axis=-1) / _CORNER_ERROR) ** 2)
    few = seen.known.sum(axis=1) < _LEAST_CORNERS
    turn[few], weight[few] = np.nan, 0.0
    return Turns(turn, weight)


def design_of(seen: Seen, focal: float) -> Float[np.ndarray, "pair corner 2 3"]:
    """Return by how much each corner moves for a turn about each axis, per rad."""
    return np.stack([moved_by_turn(seen.ray, unit, focal) for unit in np.eye(3)], axis=-1)


def best_turn(
    design: Float[np.ndarray, "pair corner 2 3"],
    moved: Float[np.ndarray, "pair corner 2"],
    weight: Float[np.ndarray, "pair corner"],
) -> Float[np.ndarray, "pair 3"]:
    """Return the turn of weighted least squares."""
    weighted = design * weight[..., None, None]
    # Where nothing counts there is no turn.
    normal = np.einsum("pcdi,pcdj->pij", weighted, design) + 1e-9 * np.eye(3)
    right = np.einsum("pcdi,pcd->pi", weighted, moved)
    return np.linalg.solve(normal, right[..., None])[..., 0]

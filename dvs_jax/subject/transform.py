"""How each frame is moved so that the person stays in place: shift, and roll and scale if locked.

A frame's point x goes to A x + (target − A anchor), A = s [[cos φ, sin φ], [−sin φ, cos φ]]; pixels
are integers at their centres.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from dvs_jax.subject import anchor_path
from dvs_jax.subject import pose as poses_of
from dvs_jax.subject.anchor import Measured
from dvs_jax.subject.pose import HIPS, SHOULDERS, Poses

LOCK_HZ = 0.5
"""Cutoff of the smoothed roll and scale."""

LEAST_SCALE, MOST_SCALE = 0.5, 2.0

Matrix = Float[np.ndarray, "*batch 2 3"]


def forward(
    anchor: Float[np.ndarray, "*batch 2"],
    target: Float[np.ndarray, "*#batch 2"],
    scale: Float[np.ndarray, "*#batch"] | float = 1.0,
    roll: Float[np.ndarray, "*#batch"] | float = 0.0,
) -> Matrix:
    """Return the matrices that take a frame's pixels (x, y, 1) to the output's.

    Args:
        anchor: (x, y) in the frame, pixels.
        target: (x, y) in the output to which the anchor goes, pixels.
        scale: s, by which the frame is enlarged.
        roll: φ in radians, by which the person leans to the right and is turned back.
    """
    cosine, sine = scale * np.cos(roll), scale * np.sin(roll)
    linear = np.stack([np.stack([cosine, sine], -1), np.stack([-sine, cosine], -1)], -2)
    linear = np.broadcast_to(linear, (*anchor.shape[:-1], 2, 2))
    shift = target - np.einsum("...ij,...j->...i", linear, anchor)
    return np.concatenate([linear, shift[..., None]], axis=-1)


def inverse(matrix: Matrix) -> Matrix:
    """Return the matrices that take the output's pixels to the frame's."""
    linear = np.linalg.inv(matrix[..., :2])
    return np.concatenate([linear, -linear @ matrix[..., 2:]], axis=-1)


def locked(
    time_s: Float[np.ndarray, " frame"],
    roll_and_log_side: Float[np.ndarray, "frame 2"],
    present: Bool[np.ndarray, " frame"],
    cuts: Sequence[int] = (),
) -> tuple[Float[np.ndarray, " frame"], Float[np.ndarray, " frame"]]:
    """Return the roll in radians, and the scale, that keep a person upright and of one size.

    Args:
        time_s: of all frames of the clip, increasing, in seconds.
        roll_and_log_side: see `roll_and_log_side`; of all frames, whatever where not present.
        present: whether the person was measured in each frame.
        cuts: frames that begin a new shot; a shot without the person has roll 0 and scale 1.
    """
    told = np.where(present[:, None], roll_and_log_side, 0.0)
    seen = np.flatnonzero(present)
    told[seen, 0] = np.unwrap(told[seen, 0])
    measured = Measured(told, present, 1.0)
    smoothing = anchor_path.Smoothing(cutoff_hz=LOCK_HZ)
    path = anchor_path.smooth(time_s, measured, smoothing, cuts).place
    usual = np.median(told[seen, 1])
    is_there = np.isfinite(path[:, 0])
    scale = np.clip(np.exp(usual - np.where(is_there, path[:, 1], usual)), LEAST_SCALE, MOST_SCALE)
    return np.where(is_there, path[:, 0], 0.0), scale


def roll_and_log_side(pose: Poses) -> Float[np.ndarray, "*batch 2"]:
    """Return how far a person leans to the right, and his size.

    Returns:
        Angle from the vertical of the line from the hips to the shoulders, radians, clockwise;
        logarithm of the side of his region in pixels.
    """
    x, y = np.moveaxis(poses_of.middle(pose, SHOULDERS) - poses_of.middle(pose, HIPS), -1, 0)
    return np.stack([np.arctan2(x, -y), np.log(pose.side)], axis=-1)

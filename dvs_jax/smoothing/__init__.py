"""Classical camera-path smoothing on SO(3): the baseline for the learned models.

A path is unrolled onto a tangent space, where it is a curve in three dimensions, in radians; each
smoother is a filter of that curve; and the change that the filter makes is applied to the real
poses. So any amount of accumulated rotation is handled, the quaternions' signs do not matter, and
the result is equivariant to constant rotations of the world's or the camera's axes. Weights depend
on times, not on indices. Rotations between consecutive frames must be below 180°.

All of it runs on the host in float64, over all frames at once, except `smoothed_portions`.
"""

from dvs_jax.smoothing.cover_limit import Covered, CoverLimit
from dvs_jax.smoothing.coverage import Exposure, covered, global_shutter, kept_fraction
from dvs_jax.smoothing.filters import adaptive, exponential, gaussian, savitzky_golay
from dvs_jax.smoothing.limit import limit_to_cover
from dvs_jax.smoothing.portions import smoothed_portions
from dvs_jax.smoothing.smoothers import (
    SMOOTHERS,
    Smoother,
    levels_within_frame,
    smooth,
    smooth_within_frame,
    usual_strength_s,
)
from dvs_jax.smoothing.unrolling import roll_back, unroll

__all__ = [
    "SMOOTHERS",
    "CoverLimit",
    "Covered",
    "Exposure",
    "Smoother",
    "adaptive",
    "covered",
    "exponential",
    "gaussian",
    "global_shutter",
    "kept_fraction",
    "levels_within_frame",
    "limit_to_cover",
    "roll_back",
    "savitzky_golay",
    "smooth",
    "smooth_within_frame",
    "smoothed_portions",
    "unroll",
    "usual_strength_s",
]

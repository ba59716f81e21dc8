"""Classical camera-path smoothing on SO(3): the baseline every model has to beat.

A path is unrolled onto a tangent space, where it is an ordinary curve in three dimensions, in
radians; each smoother is a filter of that curve; and the change that the filter makes is rolled
back onto the real poses. So any amount of accumulated rotation is right, the quaternions' signs do
not matter, and a fixed turn of the world's or of the camera's axes turns the result by just as
much. Times, not indices, decide every weight. A path is taken to turn by less than 180° from one
frame to the next.

All of it runs on the host in float64, over all frames at once.
"""

from dvs_jax.smoothing.cover_limit import Covered, CoverLimit
from dvs_jax.smoothing.coverage import Exposure, covered, global_shutter, kept_fraction
from dvs_jax.smoothing.filters import adaptive, exponential, gaussian, savitzky_golay
from dvs_jax.smoothing.limit import limit_to_cover
from dvs_jax.smoothing.smoothers import (
    SMOOTHERS,
    Smoother,
    levels_within_frame,
    smooth,
    smooth_within_frame,
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
    "unroll",
]

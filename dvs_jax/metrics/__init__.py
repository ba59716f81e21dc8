"""How steady, how undistorted, how wide a stabilised video is.

Distortion, field of view, stability and correlation are the official program's measures, equal to
its numbers (`official`). It prints them for the output alone; here the unstabilised input gets the
same row, made by the same functions with the output being the input. Three measures it lacks come
on top: rotation jitter, angular jerk, and a rotation stability that looks at the rotation
(`rotation`).
"""

from dvs_jax.metrics.image_path import image_path
from dvs_jax.metrics.measuring import measure, measure_each
from dvs_jax.metrics.rotation import JITTER_ABOVE_HZ, angular_jerk, rotation_jitter
from dvs_jax.metrics.table import Metrics, MetricsTable, render

__all__ = [
    "JITTER_ABOVE_HZ",
    "Metrics",
    "MetricsTable",
    "angular_jerk",
    "image_path",
    "measure",
    "measure_each",
    "render",
    "rotation_jitter",
]

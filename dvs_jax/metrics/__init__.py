"""Metrics of a stabilised video: stability, distortion, field of view.

Distortion, field of view, stability and correlation are the official program's measures, equal to
its numbers (`official`). It prints them for the output alone; here the unstabilised input gets the
same row, by the same functions with the input as its output. Added are rotation jitter, angular
jerk, and a stability of the actual rotation (`rotation`); and the shake that the pictures show,
whatever made them (`shake`), with their sharpness, the area that is kept and by how much the
content moves differently.
"""

from dvs_jax.metrics.image_path import image_path
from dvs_jax.metrics.measuring import measure, measure_each
from dvs_jax.metrics.rotation import (
    JITTER_ABOVE_HZ,
    angular_jerk,
    restlessness,
    rotation_jitter,
    rotation_rate,
)
from dvs_jax.metrics.seen_path import seen_path
from dvs_jax.metrics.table import Metrics, MetricsTable, lines, render

__all__ = [
    "JITTER_ABOVE_HZ",
    "Metrics",
    "MetricsTable",
    "angular_jerk",
    "image_path",
    "lines",
    "measure",
    "measure_each",
    "render",
    "restlessness",
    "rotation_jitter",
    "rotation_rate",
    "seen_path",
]

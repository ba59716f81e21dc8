"""A clip to its stabilised video, by any method: framing, drawing, encoding, the output files.

Each pipeline stage is a generator that consumes the one before it: decoding, the method, framing,
drawing, encoding. Chained directly they run in one thread; run by `Stages`, each has a thread of
its own, with bounded queues in between, and the results are the same. Grids that are needed for a
whole clip at once lie in a temporary file, so memory does not grow with the video's length.
"""

from dvs_jax.methods import Frame, Method, Picture
from dvs_jax.stabilization.models import load_model, predict_trajectory
from dvs_jax.stabilization.report import Report
from dvs_jax.stabilization.run import stabilize, stabilize_by, stabilize_into
from dvs_jax.stabilization.settings import VIDEO_ENDINGS, Settings

__all__ = [
    "VIDEO_ENDINGS",
    "Frame",
    "Method",
    "Picture",
    "Report",
    "Settings",
    "load_model",
    "predict_trajectory",
    "stabilize",
    "stabilize_by",
    "stabilize_into",
]

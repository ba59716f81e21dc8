"""A clip to its stabilised video, by any method: what is shown, the drawing, the files.

Each stage is a generator that takes what the one before it yields: decoding, the method, framing,
drawing, encoding. Chained directly they run one after the other; run by `Stages`, each has a thread
of its own, and the results are the same. The queues between them are bounded, and what all of a
clip has to be known of lies in a temporary file: memory does not grow with the video's length.
"""

from dvs_jax.methods import Frame, Method, Picture
from dvs_jax.stabilization.models import load_model, predict_trajectory
from dvs_jax.stabilization.report import Report
from dvs_jax.stabilization.run import stabilize, stabilize_by
from dvs_jax.stabilization.settings import Settings

__all__ = [
    "Frame",
    "Method",
    "Picture",
    "Report",
    "Settings",
    "load_model",
    "predict_trajectory",
    "stabilize",
    "stabilize_by",
]

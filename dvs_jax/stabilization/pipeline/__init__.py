"""Video through a chain of stages that overlap: decoding, flow, the path, warping, encoding.

Each stage is a generator that takes what the one before it yields. Chained directly they run one
after the other, frame by frame; run by `Stages`, each has a thread of its own, and the results are
the same. OpenCV, the decoder and the encoder release Python's lock, so the threads overlap.

No stage looks further ahead than a second or so, and the queues between them are short: memory does
not grow with the length of the video.
"""

from dvs_jax.stabilization.pipeline.drawing import DRAWN_ROWS, Drawn, drawn, grids
from dvs_jax.stabilization.pipeline.flows import estimator_for, with_flow
from dvs_jax.stabilization.pipeline.framing import Framing, View
from dvs_jax.stabilization.pipeline.path import exposure_of
from dvs_jax.stabilization.pipeline.viewing import Method, viewed, views_of

__all__ = [
    "DRAWN_ROWS",
    "Drawn",
    "Framing",
    "Method",
    "View",
    "drawn",
    "estimator_for",
    "exposure_of",
    "grids",
    "viewed",
    "views_of",
    "with_flow",
]

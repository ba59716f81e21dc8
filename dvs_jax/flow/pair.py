"""The flow between two consecutive frames, both ways."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float


class FlowPair(NamedTuple):
    """Dense flow between frame i and frame i + 1, in pixels (dx to the right, dy down).

    A point at (x, y) of frame i lies at (x, y) + forward[y, x] in frame i + 1; a point at (x, y) of
    frame i + 1 lies at (x, y) + backward[y, x] in frame i. Both are float32 and of one size.
    """

    forward: Float[np.ndarray, "height width 2"]
    backward: Float[np.ndarray, "height width 2"]

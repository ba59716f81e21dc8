"""Flow estimators that need no weights: OpenCV's DIS, TV-L1 and Farnebäck."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from dvs_jax.flow.pair import FlowPair

QUICK_DIS = "dis-quick"

Grey = UInt8[np.ndarray, "height width"]
Frame = UInt8[np.ndarray, "height width 3"]


class OpenCvEstimator:
    """One of OpenCV's dense estimators, run on the grey images of one pair after the other."""

    reads_color = False

    def __init__(self, name: str, method: cv2.DenseOpticalFlow):
        self.name = name
        self._method = method

    def pairs(self, frames: Iterable[Frame | Grey]) -> Iterator[FlowPair]:
        """Flow of each two consecutive frames.

        Args:
          frames: uint8 RGB [height, width, 3] or grey [height, width], all of one size.
        """
        for first, second in pairwise(map(to_grey, frames)):
            yield FlowPair(self._calculate(first, second), self._calculate(second, first))

    def _calculate(self, first: Grey, second: Grey) -> Float[np.ndarray, "height width 2"]:
        # No output array is passed: DIS would take its contents as the initial guess.
        return self._method.calc(first, second, None)  # type: ignore[call-overload]


def to_grey(frame: Frame | Grey) -> Grey:
    """Return a frame, uint8 RGB or grey, as a grey image."""
    if frame.ndim == 2:
        return frame
    return cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)


def dis() -> OpenCvEstimator:
    """Dense inverse search (Kroeger et al., ECCV 2016): the default on a CPU."""
    method = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    # The preset stops at a quarter of the resolution; one scale finer halves the error.
    method.setFinestScale(1)
    return OpenCvEstimator("dis", method)


def quick_dis() -> OpenCvEstimator:
    """DIS for small pictures, without overlapping patches and variational refinement.

    It is as good as `dis` where only means over parts of the picture are used.
    """
    method = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    method.setFinestScale(0)
    method.setPatchStride(method.getPatchSize())
    return OpenCvEstimator(QUICK_DIS, method)


def tvl1() -> OpenCvEstimator:
    """TV-L1 (Zach, Pock & Bischof, DAGM 2007): crisp edges, some fifty times slower than DIS."""
    method = cv2.optflow.DualTVL1OpticalFlow.create()
    # With the default, 0.8, the coarsest of five scales is 0.4 of the size, where the displacement
    # of a shake is still too large.
    method.setScaleStep(0.5)
    return OpenCvEstimator("tvl1", method)


def farneback() -> OpenCvEstimator:
    """Polynomial expansion (Farnebäck, SCIA 2003)."""
    method = cv2.FarnebackOpticalFlow.create(
        numLevels=5, pyrScale=0.5, winSize=15, numIters=3, polyN=7, polySigma=1.5
    )
    return OpenCvEstimator("farneback", method)

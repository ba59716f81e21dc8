"""Flow of a stream of frames by any estimator."""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

import cv2
import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike
from jaxtyping import UInt8

from dvs_jax import pretrained
from dvs_jax.errors import InputError
from dvs_jax.flow import opencv, raft_weights
from dvs_jax.flow.pair import FlowPair
from dvs_jax.flow.raft import RaftEstimator
from dvs_jax.flow.stillness import is_still

logger = logging.getLogger("dvs_jax")

Frame = UInt8[np.ndarray, "height width 3"] | UInt8[np.ndarray, "height width"]

SMALLEST_SIDE = 16
"""In pixels; below this DIS has no room for its patches, and crashes the process."""


class Estimator(Protocol):
    """Estimates flow between frames of one size.

    Attributes:
      name: for messages.
      reads_color: whether frames have to be RGB; otherwise grey ones give the same flow.
    """

    name: str
    reads_color: bool

    def pairs(self, frames: Iterable[Frame]) -> Iterator[FlowPair]:
        """Flow of each two consecutive frames, in order, in constant memory."""
        ...


_WEIGHTLESS: dict[str, Callable[[], Estimator]] = {
    "dis": opencv.dis,
    opencv.QUICK_DIS: opencv.quick_dis,
    "tvl1": opencv.tvl1,
    "farneback": opencv.farneback,
}
_AUTOMATIC_WEIGHTS = "raft-things"

_PUBLISHED = tuple(
    name for name, weights in pretrained.REGISTRY.items() if weights.kind.startswith("raft")
)

NAMES = ("auto", *_WEIGHTLESS, *_PUBLISHED)


def create(
    name: str = "auto",
    *,
    weights: str | Path | None = None,
    iterations: int = 12,
    dtype: DTypeLike = jnp.float32,
) -> Estimator:
    """The estimator of a name.

    Args:
      name: "dis", "dis-quick" (for pictures 160 across), "tvl1", "farneback"; published RAFT
        weights, such as "raft-small" or "raft-things"; or "auto", which takes RAFT where an
        accelerator and weights are available, DIS otherwise, and logs which. The estimator's
        `name` is that of the one chosen.
      weights: RAFT weights to take instead of published ones: a `.pth` file, or a folder.
      iterations: how often RAFT refines each flow.
      dtype: of RAFT's convolutions: float32 or bfloat16.

    Raises:
      InputError: there is no such estimator, or its weights are not available.
    """
    if weights is not None:
        if name in _WEIGHTLESS:
            raise InputError(f"the flow estimator {name!r} takes no weights; leave out one of both")
        network = raft_weights.load(weights, dtype)
        return RaftEstimator(Path(weights).stem, network, iterations=iterations)
    if name == "auto":
        return _automatic(iterations, dtype)
    if name in _WEIGHTLESS:
        return _WEIGHTLESS[name]()
    if name not in _PUBLISHED:
        raise InputError(f"no flow estimator is called {name!r}; there are {', '.join(NAMES)}")
    network = raft_weights.load(pretrained.locate(name), dtype)
    return RaftEstimator(name, network, iterations=iterations)


def _automatic(iterations: int, dtype: DTypeLike) -> Estimator:
    if jax.default_backend() == "cpu":
        logger.info("optical flow: dis")
        return opencv.dis()
    try:
        estimator = create(_AUTOMATIC_WEIGHTS, iterations=iterations, dtype=dtype)
    except InputError as error:
        logger.warning("optical flow: dis, for RAFT cannot be had: %s", error)
        return opencv.dis()
    logger.info("optical flow: %s", estimator.name)
    return estimator


def working_size(height: int, width: int) -> tuple[int, int]:
    """Height and width at which flow is computed: a quarter of the frame's, 270 × 480 for 1080p."""
    return round(height / 4), round(width / 4)


def estimate(
    frames: Iterable[Frame],
    estimator: str | Estimator = "auto",
    *,
    size: tuple[int, int] | None = None,
    source: str = "the video",
) -> Iterator[FlowPair]:
    """Flow of each two consecutive frames, forward and backward, in constant memory.

    Args:
      frames: uint8 RGB [height, width, 3], all of one size, two or more; also grey
        [height, width] for an estimator that reads no colours.
      estimator: a name that `create` knows, or an estimator.
      size: height and width at which to compute flow; a quarter of the frames' by default.
      source: the video's name, for messages.

    Returns:
      A stream of one pair less than there are frames; float32 [height, width, 2] at the working
      size, in pixels of that size. Frames that repeat the one before have zero flow.

    Raises:
      InputError: an unknown estimator; while streaming: fewer than two frames, frames that differ
        in size or are no such images, a size too small, or flow that is not finite.
    """
    maker = create(estimator) if isinstance(estimator, str) else estimator
    resized = _resized(_checked(frames, maker.reads_color, source), size, source)
    return _stream(resized, maker, source)


def _stream(frames: Iterator[Frame], estimator: Estimator, source: str) -> Iterator[FlowPair]:
    still: deque[bool] = deque()
    index = -1
    for index, pair in enumerate(estimator.pairs(_watched(frames, still))):
        if still.popleft():
            yield FlowPair(np.zeros_like(pair.forward), np.zeros_like(pair.backward))
            continue
        if not (np.isfinite(pair.forward).all() and np.isfinite(pair.backward).all()):
            raise InputError(
                f"{source}: {estimator.name} made flow that is not finite between frames {index} "
                f"and {index + 1}; are its weights damaged?"
            )
        yield pair
    if index < 0:
        raise InputError(f"{source}: flow needs at least two frames")


def _watched(frames: Iterator[Frame], still: deque[bool]) -> Iterator[Frame]:
    """Pass frames on, and record whether each repeats the one before."""
    previous = None
    for frame in frames:
        if previous is not None:
            still.append(is_still(previous, frame))
        previous = frame
        yield frame


def _checked(frames: Iterable[Frame], reads_color: bool, source: str) -> Iterator[Frame]:
    """Pass frames on; raise for one that is no image, or of another shape than the first."""
    shape: tuple[int, ...] | None = None
    for index, frame in enumerate(frames):
        is_grey = frame.ndim == 2 and not reads_color
        if frame.dtype != np.uint8 or not (is_grey or (frame.ndim == 3 and frame.shape[2] == 3)):
            grey = "" if reads_color else " or grey [height, width]"
            raise InputError(
                f"{source}: frame {index} is {frame.dtype} {frame.shape}, "
                f"flow takes uint8 RGB [height, width, 3]{grey}"
            )
        shape = shape or frame.shape
        if frame.shape != shape:
            raise InputError(
                f"{source}: frame {index} is {frame.shape[1]} × {frame.shape[0]} px, "
                f"those before it are {shape[1]} × {shape[0]}; flow needs frames of one size"
            )
        yield frame


def _resized(frames: Iterator[Frame], size: tuple[int, int] | None, source: str) -> Iterator[Frame]:
    for frame in frames:
        height, width = size or working_size(*frame.shape[:2])
        if min(height, width) < SMALLEST_SIDE:
            raise InputError(
                f"{source}: flow at {width} × {height} px is too small, at least "
                f"{SMALLEST_SIDE} × {SMALLEST_SIDE} is needed; ask for a larger size"
            )
        yield cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)

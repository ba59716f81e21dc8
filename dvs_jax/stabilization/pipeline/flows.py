"""The stage that finds the optical flow between each picture and the one before it."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path

import av
import jax

from dvs_jax import flow
from dvs_jax.clip import Clip
from dvs_jax.flow import Estimator, FlowPair
from dvs_jax.flow.estimation import SMALLEST_SIDE, Frame
from dvs_jax.flow.opencv import QUICK_DIS
from dvs_jax.fused.prediction import stored_flow
from dvs_jax.stabilization.pipeline.beside import beside
from dvs_jax.video import Shrink
from dvs_jax.video.picture import shrunk_luma

QUICK_SIDE = 160
"""Longer side, in pixels, of the pictures whose flow `dis-quick` makes, but for very narrow ones.
The turn that our networks read off it is off by 0.016°, as with `dis` at a quarter of full HD,
which takes 17 times as long.
"""


def estimator_for(name: str, official: bool, weights: Path | None = None) -> Estimator:
    """Return the estimator for a network.

    Args:
        name: what `flow.create` knows.
        official: whether the network is one of the authors'. Ours see flow's means over parts of
            the frame; for them "auto" is "dis-quick" on a CPU.
        weights: RAFT weights to take instead of published ones.
    """
    if name == "auto" and weights is None and not official and jax.default_backend() == "cpu":
        name = QUICK_DIS
    return flow.create(name, weights=weights)


def with_flow(
    pictures: Iterable[av.VideoFrame], clip: Clip, estimator: Estimator
) -> Iterator[tuple[av.VideoFrame, FlowPair | None]]:
    """Yield each picture with the flow between it and the one before; None with the first.

    Args:
        pictures: all frames that are used.
        clip: whose frames they are; its flow files are used where there are any.
        estimator: what makes flow where there are none.
    """
    stored = stored_flow(clip)
    if stored is not None:
        return zip(pictures, chain([None], stored), strict=False)
    shrink = shrinking(clip, estimator)
    small = ((picture, shrink(picture)) for picture in pictures)
    return beside(small, lambda frames: _flow_to_each(frames, estimator, str(clip.video.path)))


def _flow_to_each(
    frames: Iterator[Frame], estimator: Estimator, source: str
) -> Iterator[FlowPair | None]:
    first = next(frames)
    pairs = flow.estimate(chain([first], frames), estimator, size=first.shape[:2], source=source)
    yield None
    yield from pairs


def shrinking(clip: Clip, estimator: Estimator) -> Callable[[av.VideoFrame], Frame]:
    """Return what makes of a clip's pictures the small images that an estimator reads.

    They are RGB where it reads colours, else luma in limited range.
    """
    size = working_size(clip.size, estimator)
    if estimator.reads_color:
        return Shrink(clip.video.path, size)
    return partial(shrunk_luma, size=size)


def working_size(size: tuple[int, int], estimator: Estimator) -> tuple[int, int]:
    """Return the width and height of the pictures whose flow is made for frames of a size."""
    width, height = size
    if estimator.name != QUICK_DIS:
        return flow.working_size(height, width)[::-1]
    scale = min(max(QUICK_SIDE / max(size), SMALLEST_SIDE / min(size)), 1.0)
    return round(width * scale), round(height * scale)

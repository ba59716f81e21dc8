"""A clip's optical flow, from its files or computed while the video is read."""

import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path

import av
import jax

from dvs_jax import clip as clips
from dvs_jax import flow
from dvs_jax.clip import Clip
from dvs_jax.flow import Estimator, FlowPair
from dvs_jax.flow.estimation import SMALLEST_SIDE, Frame
from dvs_jax.flow.opencv import QUICK_DIS
from dvs_jax.video import Shrink
from dvs_jax.video.picture import shrunk_luma

_log = logging.getLogger("dvs_jax")

QUICK_SIDE = 160
"""Longer side, in pixels, of the pictures for `dis-quick`, except very narrow ones. The rotation
that our networks derive from its flow errs by 0.016°, as with `dis` at a quarter of full HD, which
takes 17 times as long.
"""


def estimator_for(name: str, official: bool, weights: Path | None = None) -> Estimator:
    """Return the estimator for a network.

    Args:
        name: what `flow.create` knows.
        official: whether the network is one of the paper's authors. Ours use only means of flow
            over parts of the frame; for them "auto" is "dis-quick" on a CPU.
        weights: RAFT weights to take instead of published ones.
    """
    if name == "auto" and weights is None and not official and jax.default_backend() == "cpu":
        name = QUICK_DIS
    return flow.create(name, weights=weights)


def pairs_of(
    pictures: Iterable[av.VideoFrame], clip: Clip, estimator: Estimator
) -> Iterator[FlowPair | None]:
    """Yield the flow between each picture and the one before it; None for the first.

    Args:
        pictures: all frames of the clip; none is taken where it has flow files.
        clip: whose frames they are.
        estimator: computes flow where there are no files.
    """
    stored = stored_flow(clip)
    if stored is not None:
        return chain([None], stored)
    small = map(shrinking(clip, estimator), pictures)
    return _flow_to_each(small, estimator, str(clip.video.path))


def _flow_to_each(
    frames: Iterator[Frame], estimator: Estimator, source: str
) -> Iterator[FlowPair | None]:
    first = next(frames)
    pairs = flow.estimate(chain([first], frames), estimator, size=first.shape[:2], source=source)
    yield None
    yield from pairs


def shrinking(clip: Clip, estimator: Estimator) -> Callable[[av.VideoFrame], Frame]:
    """Return a function that reduces a clip's pictures to the images that an estimator reads.

    These are RGB where it reads colours, else luma in limited range.
    """
    size = working_size(clip.size, estimator)
    if estimator.reads_color:
        return Shrink(clip.video.path, size)
    return partial(shrunk_luma, size=size)


def working_size(size: tuple[int, int], estimator: Estimator) -> tuple[int, int]:
    """Return the width and height at which flow is computed for frames of a size."""
    width, height = size
    if estimator.name != QUICK_DIS:
        return flow.working_size(height, width)[::-1]
    scale = min(max(QUICK_SIDE / max(size), SMALLEST_SIDE / min(size)), 1.0)
    return round(width * scale), round(height * scale)


def flow_pairs(clip: Clip, estimator: str | Estimator) -> Iterator[FlowPair]:
    """Return the flow of each two consecutive frames, from its files or computed."""
    stored = stored_flow(clip)
    if stored is not None:
        return stored
    return flow.estimate(clips.read_frames(clip), estimator, source=str(clip.video.path))


def stored_flow(clip: Clip) -> Iterator[FlowPair] | None:
    """Return the flow of each two consecutive frames from its files; None if some are missing."""
    wanted = clip.frame_count - 1
    if clip.flow is None:
        return None
    if len(clip.flow) >= clip.first + wanted:
        return map(clip.flow.read, range(clip.first, clip.first + wanted))
    _log.warning(
        "%s: flow files for %d of %d pairs of frames; flow is made anew",
        clip.flow.clip,
        len(clip.flow),
        clip.first + wanted,
    )
    return None

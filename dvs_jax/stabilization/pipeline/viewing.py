"""Which view of each frame is shown: in one pass where the method allows it, in two where not."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import av
import numpy as np

from dvs_jax import clip as clips
from dvs_jax import smoothing
from dvs_jax.clip import Clip
from dvs_jax.flow import Estimator, FlowPair
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.progress import Track
from dvs_jax.stabilization.pipeline import flows, framing, path
from dvs_jax.stabilization.pipeline.beside import beside
from dvs_jax.stabilization.pipeline.framing import Framing, Shares, View
from dvs_jax.stabilization.pipeline.path import LIMIT_LOOK_AHEAD_S, Levels
from dvs_jax.stabilization.pipeline.prediction import predicted_levels
from dvs_jax.stages import Stages

Pictures = Callable[[], Iterable[av.VideoFrame]]
"""Begins to read the frames that are used."""


@dataclass(frozen=True)
class Method:
    """How the virtual camera's path and the crop are found.

    Attributes:
        model: the network that finds the path; None leaves it to the smoother.
        smoother: one of `smoothing.SMOOTHERS`.
        crop: the most that may be cut off at each side, as a share of width and height.
        framing: how much of it is; None for the smallest crop where it takes no second pass over
            the video, and else all of it.
        flow_estimator: what makes flow, for a network that wants it, where no files are.
    """

    model: FusedNetwork | None
    smoother: str
    crop: float
    framing: Framing | None
    flow_estimator: str | Estimator

    @property
    def reads_flow(self) -> bool:
        """Whether the path depends on the pictures, not on the sensors alone."""
        return self.model is not None and self.model.encoder is not None


def viewed(
    clip: Clip, pictures: Pictures, method: Method, stages: Stages, track: Track
) -> Iterator[tuple[av.VideoFrame, View]]:
    """Yield each picture with its view, in order.

    Args:
        clip: what `load_clip` found.
        pictures: reads them; called once, or twice for the smallest crop of a path that depends
            on flow.
        method: how views are found.
        stages: where decoding, flow and the network run.
        track: told of the progress of what comes before the first picture.
    """
    if not method.reads_flow:
        known = views_of(clip, method, None)
        return zip(stages.run("decoding", pictures()), known, strict=False)
    flowing = stages.run("finding the flow", _with_flow(clip, pictures(), method, stages))
    if method.framing == "smallest":
        pairs = (pair for _, pair in track(flowing, clip.frame_count, "optical flow"))
        views = list(views_of(clip, method, pairs))
        return zip(stages.run("decoding", pictures()), views, strict=False)
    return stages.run(
        "finding the path", beside(flowing, lambda pairs: views_of(clip, method, pairs))
    )


def _with_flow(
    clip: Clip, pictures: Iterable[av.VideoFrame], method: Method, stages: Stages
) -> Iterator[tuple[av.VideoFrame, FlowPair | None]]:
    assert method.model is not None
    estimator = method.flow_estimator
    if isinstance(estimator, str):
        estimator = flows.estimator_for(estimator, method.model.architecture.official)
    return flows.with_flow(stages.run("decoding", pictures), clip, estimator)


def views_of(clip: Clip, method: Method, pairs: Iterable[FlowPair | None] | None) -> Iterator[View]:
    """Yield the view of each frame, as soon as it is known.

    Args:
        clip: what `load_clip` found.
        method: how views are found.
        pairs: the flow between each frame and the one before it, None for the first; or None, for
            a path that depends on the sensors alone.
    """
    if pairs is None:
        return views_along(clip, method, "smallest", *levels_from_sensors(clip, method))
    assert method.model is not None
    levels = predicted_levels(method.model, clip, method.crop, pairs)
    return views_along(clip, method, "fixed", levels, LIMIT_LOOK_AHEAD_S)


def views_along(
    clip: Clip, method: Method, default: Framing, levels: Iterable[Levels], look_ahead_s: float
) -> Iterator[View]:
    """Yield the views along a path, held within the frames.

    Args:
        clip: whose frames they are.
        method: whose framing is taken, or else the default.
        default: framing where the method names none.
        levels: all frames' poses, real and wanted.
        look_ahead_s: how far ahead the path may give way.
    """
    covered = path.covered_path(clip, levels, method.crop, look_ahead_s)
    shares = Shares(method.crop, clip.size)
    return framing.views(method.framing or default, covered, path.seconds(clip), shares)


def levels_from_sensors(clip: Clip, method: Method) -> tuple[Iterable[Levels], float]:
    """Return the levels of a path that needs no picture, and how far the limit may look ahead."""
    if method.model is not None:
        return predicted_levels(method.model, clip, method.crop, None), np.inf
    paths, look_ahead_s = smoothing.levels_within_frame(method.smoother, clips.real_path(clip))
    return path.in_portions(paths), look_ahead_s

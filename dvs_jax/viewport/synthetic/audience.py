"""Made-up videos with their viewers, as real ones are read: traces, and maps of saliency."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from dvs_jax.viewport.synthetic import video as videos
from dvs_jax.viewport.synthetic import viewers
from dvs_jax.viewport.synthetic.video import LENGTH_S, Video
from dvs_jax.viewport.traces.trace import HeadTrace
from dvs_jax.viewport.tracks import RATE

LEAD_S = (0.2, 0.3)
"""By how much the eyes are ahead of the head."""


class Audience(NamedTuple):
    """Videos and who watched them.

    Attributes:
        videos: by name.
        maps: float32 [step, 32, 64], a video's saliency at each fifth of a second, by its name.
        traces: of all viewers of all videos, 50 samples a second.
    """

    videos: dict[str, Video]
    maps: dict[str, Float[np.ndarray, "step height width"]]
    traces: list[HeadTrace]


def draw(seed: int, count: int, per_video: int, lead_s: tuple[float, float] = LEAD_S) -> Audience:
    """Draw videos and viewers, of whom none watches two of them.

    Args:
        seed: of everything random.
        count: how many videos.
        per_video: viewers of each.
        lead_s: as `viewers.watch` takes it.
    """
    rng = np.random.default_rng(seed)
    drawn = {f"{seed}-{number}": videos.draw(rng) for number in range(count)}
    viewing = viewers.watch(rng, list(drawn.values()), per_video, lead_s)
    steps = np.arange(round(LENGTH_S * RATE)) / RATE
    maps = {name: videos.saliency(video, steps, rng) for name, video in drawn.items()}
    names = [
        (f"{seed}-{number}-{viewing.kind[number]}", video)
        for number, video in enumerate(name for name in drawn for _ in range(per_video))
    ]
    return Audience(drawn, maps, [_trace(viewing, i, *each) for i, each in enumerate(names)])


def _trace(viewing: viewers.Viewing, number: int, viewer: str, video: str) -> HeadTrace:
    return HeadTrace(
        viewer=viewer,
        video=video,
        time_s=np.arange(viewers.SAMPLES) / viewers.RATE,
        direction=viewing.direction[number],
        valid=np.ones(viewers.SAMPLES, bool),
        gaze=viewing.gaze[number],
    )

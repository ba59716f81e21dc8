"""Made-up videos with their viewers, as real ones are read: traces, and maps of saliency."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from dvs_jax.viewport.synthetic import senses, viewers
from dvs_jax.viewport.synthetic import video as videos
from dvs_jax.viewport.synthetic.video import LENGTH_S, Video
from dvs_jax.viewport.traces.trace import HeadTrace
from dvs_jax.viewport.tracks import RATE

LEAD_S = (0.2, 0.3)
"""By how much the eyes are ahead of the head."""


_FACE_LEAD_S = 3.0
"""By how much the face tells of a scene before it begins: over a window's past in the mean."""


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


def draw(
    seed: int,
    count: int,
    per_video: int,
    lead_s: tuple[float, float] = LEAD_S,
    crowd_seed: int | None = None,
    absent: float = 0.0,
) -> Audience:
    """Draw videos and viewers, of whom none watches two of them unless they are a crowd.

    Args:
        seed: of everything random.
        count: how many videos.
        per_video: viewers of each.
        lead_s: as `viewers.watch` takes it.
        crowd_seed: of viewers who watch all videos; their names tell it, not `seed`.
        absent: chance that a viewer follows nothing in a scene; their faces tell it 3 s before the
            scene begins. With 0 faces are not recorded.
    """
    rng = np.random.default_rng(seed)
    drawn = {f"{seed}-{number}": videos.draw(rng) for number in range(count)}
    crowd = None
    if crowd_seed is not None:
        crowd = viewers.people(np.random.default_rng(crowd_seed), per_video)
    viewing = viewers.watch(rng, list(drawn.values()), per_video, lead_s, crowd, absent)
    steps = np.arange(round(LENGTH_S * RATE)) / RATE
    maps = {name: videos.saliency(video, steps, rng) for name, video in drawn.items()}
    names = [f"{seed}-{number}-{kind}" for number, kind in enumerate(viewing.kind)]
    if crowd_seed is not None:
        names = [*crowd_names(crowd_seed, per_video)] * count
    watched = [name for name in drawn for _ in range(per_video)]
    traces = [
        _trace(viewing, number, *each)
        for number, each in enumerate(zip(names, watched, strict=True))
    ]
    return Audience(drawn, maps, _with_faces(traces, viewing, seed) if absent else traces)


def crowd_names(crowd_seed: int, count: int) -> tuple[str, ...]:
    """Return the names of viewers who watch all videos."""
    return tuple(
        f"{crowd_seed}-{number}-{kind}" for number, kind in enumerate(viewers.kinds(count))
    )


def _with_faces(traces: list[HeadTrace], viewing: viewers.Viewing, seed: int) -> list[HeadTrace]:
    # Of its own generator: with and without faces viewers do the same.
    rng = np.random.default_rng((seed, 1))
    ahead = round(_FACE_LEAD_S * viewers.RATE)
    told = np.minimum(np.arange(viewers.SAMPLES) + ahead, viewers.SAMPLES - 1)
    return [
        replace(trace, face=senses.face(rng, follows[told]))
        for trace, follows in zip(traces, viewing.follows, strict=True)
    ]


def _trace(viewing: viewers.Viewing, number: int, viewer: str, video: str) -> HeadTrace:
    return HeadTrace(
        viewer=viewer,
        video=video,
        time_s=np.arange(viewers.SAMPLES) / viewers.RATE,
        direction=viewing.direction[number],
        valid=np.ones(viewers.SAMPLES, bool),
        gaze=viewing.gaze[number],
        **senses.eyes(viewing.direction[number], viewing.gaze[number], viewers.RATE)._asdict(),
    )

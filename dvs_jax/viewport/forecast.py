"""What is predicted for a viewer at each fifth of a second of a video, and what came."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from dvs_jax.errors import InputError
from dvs_jax.viewport import inference, sphere, windows
from dvs_jax.viewport.inference import Points
from dvs_jax.viewport.starvp.network import Network
from dvs_jax.viewport.tracks import Track


class Forecast(NamedTuple):
    """A viewer's predictions.

    Attributes:
        last: int [instant], the numbers of the fifths of a second at which it is predicted.
        past: float32 [instant, past, 3], what was seen until then, unit vectors.
        direction: float32 [instant, future, 3], unit vectors.
        motion: float32 [instant, future, 3], as the motion alone predicts them.
        gate: float32 [instant, future], how far that is trusted.
        true: float32 [instant, future, 3], what came; NaN where it is not known.
    """

    last: Int[np.ndarray, "instant"]
    past: Float[np.ndarray, "instant past 3"]
    direction: Float[np.ndarray, "instant future 3"]
    motion: Float[np.ndarray, "instant future 3"]
    gate: Float[np.ndarray, "instant future"]
    true: Float[np.ndarray, "instant future 3"]


def forecast(network: Network, track: Track, points: Points | None, first: int = 0) -> Forecast:
    """Predict at every instant whose past is known.

    Args:
        network: what predicts.
        track: of the viewer.
        points: the video's salient points; None if nothing is known.
        first: the number of the first step that may be predicted.

    Raises:
        InputError: there is no such instant, or the saliency has too few points.
    """
    of = network.of
    last, past, true = _around(track, of.past, of.future, first)
    if not len(last):
        raise InputError(
            f"viewer {track.viewer} of video {track.video}: no {of.past / 5:g} s without a gap; "
            "record for longer"
        )
    seen = windows.cues_of(track, last, of.past)
    viewer = windows.numbers(of.viewers, [track.viewer] * len(last))
    found = inference.predict(network, past, last, points, seen, viewer)
    return Forecast(
        last=last,
        past=past,
        direction=np.asarray(found.direction),
        motion=sphere.normalize(np.asarray(found.motion)),
        gate=np.asarray(found.gate),
        true=true,
    )


def _around(
    track: Track, past: int, future: int, first: int
) -> tuple[Int[np.ndarray, "instant"], np.ndarray, np.ndarray]:
    """Windows as `windows.cut` returns them, and those whose future is not known."""
    beyond = np.full((future, 3), np.nan, np.float32)
    direction = np.where(track.valid[:, None], track.direction, np.float32(np.nan))
    direction = np.concatenate([direction, beyond])
    last = np.arange(past - 1, len(track.direction))
    samples = direction[last[:, None] + np.arange(1 - past, future + 1)]
    seen = np.isfinite(samples[:, :past]).all(axis=(1, 2)) & (last + track.first + 1 >= first)
    return last[seen] + track.first, samples[seen, :past], samples[seen, past:]

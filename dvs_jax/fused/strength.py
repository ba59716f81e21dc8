"""How strongly a network smooths a clip: as it leaves least shake within the crop."""

import logging
import math
from collections.abc import Sequence

import numpy as np
from flax import nnx

from dvs_jax import clip as clips
from dvs_jax import metrics
from dvs_jax.camera_path import CameraPath
from dvs_jax.clip import Clip
from dvs_jax.fused import features, inference, reach
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.methods.covered_path import LIMIT_LOOK_AHEAD_S, exposure_of, seconds
from dvs_jax.sensors.integration import with_pre_roll
from dvs_jax.smoothing import CoverLimit

_log = logging.getLogger("dvs_jax")

FACTORS = tuple(2.0 ** (power / 2) for power in range(7))
"""The strengths that are tried, as multiples of the one that keeps to the crop by itself."""

SMALLEST_REACH = 0.005
"""The crop that networks are given where none is allowed; the limiter does the rest."""

PIECE_S, PIECES = 15.0, 4
"""Of a longer clip this many pieces are tried, at equal distances."""


def for_crop(
    network: FusedNetwork, clip: Clip, crop: float, wanted_factor: float | None = None
) -> float:
    """Return the strength that leaves the calmest path that the crop allows.

    That is the one of least `metrics.restlessness`.

    Like the choice that `evaluation` makes, but from the gyro log alone, so that no picture is
    needed: a network that corrects the gyro by flow is run as if flow agreed with it.

    Args:
        network: in inference mode.
        clip: with its sensors.
        crop: the most that may be cut off at each side, as a fraction of width and height.
        wanted_factor: instead of a choice, this multiple of the strength that keeps to the crop by
            itself (of official weights, of 1).

    Returns:
        The strength (see `rollout.StepFeatures`); 1 for official weights. For networks whose core
        reads flow, the one that keeps to the crop by itself.
    """
    wanted = network.architecture
    if wanted.official:
        return wanted_factor or 1.0
    camera = clips.recorded(clip).camera
    by_itself = reach.strength_of(max(crop, SMALLEST_REACH), camera, clip.size)
    if wanted_factor is not None:
        return by_itself * wanted_factor
    pieces = [piece for piece in _pieces(clip) if piece.stop - piece.start > 1]
    if wanted.input_features > wanted.pose_features or not pieces or crop < SMALLEST_REACH:
        return by_itself
    left = _restless(network, clip, pieces, [by_itself * factor for factor in FACTORS], crop)
    # Paths too short to measure do not differ.
    chosen = by_itself * FACTORS[int(np.argmin(np.nan_to_num(left)))]
    _log.debug("%s: smoothed at strength %.2f, of %.2f by itself", clip.name, chosen, by_itself)
    return chosen


def _pieces(clip: Clip) -> list[slice]:
    time_s = seconds(clip)
    if time_s[-1] <= PIECE_S * PIECES:
        return [slice(0, len(time_s))]
    starts_s = np.linspace(0.0, time_s[-1] - PIECE_S, PIECES)
    edges = np.searchsorted(time_s, np.stack([starts_s, starts_s + PIECE_S], axis=1))
    return [slice(int(start), int(stop)) for start, stop in edges]


def _restless(
    network: FusedNetwork,
    clip: Clip,
    pieces: Sequence[slice],
    strengths: Sequence[float],
    crop: float,
) -> list[float]:
    """Return the limited path's RMS restlessness at each strength."""
    alone = without_flow(network)
    gyro, time_ns = with_pre_roll(clips.recorded(clip).gyro), clips.center_time_ns(clip)
    squares = np.zeros(len(strengths))
    for piece in pieces:
        shown = time_ns[piece]
        steps = [features.poses_seen(alone.architecture, gyro, shown, each) for each in strengths]
        for place, path in enumerate(inference.predict(alone, steps, [shown] * len(steps))):
            limited = _limited(clip, piece, path, crop)
            squares[place] += metrics.restlessness(limited) ** 2
    return [math.sqrt(each / len(pieces)) for each in squares]


def without_flow(network: FusedNetwork) -> FusedNetwork:
    """Return a network that corrects the gyro by flow as it is where flow agrees with the gyro."""
    alone = nnx.clone(network)
    alone.encoder = alone.core.fusion = None
    return alone


def _limited(clip: Clip, piece: slice, path: CameraPath, crop: float) -> CameraPath:
    limit = CoverLimit(crop, LIMIT_LOOK_AHEAD_S, tell=False)
    levels = np.stack([clips.real_path(clip).quaternion[piece], path.quaternion])
    parts = [limit.push(seconds(clip)[piece], levels, exposure_of(clip, piece)), limit.finish()]
    return CameraPath(path.time_ns, np.concatenate([part.pose for part in parts]))

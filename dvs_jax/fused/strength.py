"""How strongly a clip is smoothed, by a network and once more: so that least shake is left."""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from flax import nnx
from jaxtyping import Float

from dvs_jax import clip as clips
from dvs_jax import metrics, quaternion, smoothing
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath
from dvs_jax.clip import Clip
from dvs_jax.fused import features, inference, reach
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.methods.covered_path import LIMIT_LOOK_AHEAD_S, exposure_of, seconds
from dvs_jax.sensors.integration import with_pre_roll
from dvs_jax.smoothing import Exposure, window

_log = logging.getLogger("dvs_jax")

FACTORS = tuple(2.0 ** (power / 2) for power in range(7))
"""The strengths that are tried, as multiples of the one that keeps to the crop by itself."""

DEVIATIONS_S = (0.0, 0.15, 0.3)
"""Standard deviations in seconds of the Gaussians that are tried with each of them; where the crop
is hardly enough for the network's own path, none is best."""

SMALLEST_REACH = 0.005
"""The crop that networks are given where none is allowed; the limiter does the rest."""

PIECE_S, PIECES = 15.0, 4
"""Of a longer clip this many pieces are tried, at equal distances."""


class Strength(NamedTuple):
    """How strongly a clip is smoothed.

    Attributes:
        network: the network's strength (see `rollout.StepFeatures`).
        deviation_s: standard deviation in seconds of the Gaussian that its path is smoothed by
            afterwards, with as much look-ahead as that needs; 0 for none.
    """

    network: float
    deviation_s: float = 0.0


def for_crop(
    network: FusedNetwork, clip: Clip, crop: float, wanted_factor: float | None = None
) -> Strength:
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
        For official weights the network's is 1; for networks whose core reads flow it is the one
        that keeps to the crop by itself. Nothing is smoothed afterwards then, nor where a strength
        is wanted.
    """
    camera = clips.recorded(clip).camera
    tried = candidates(network, crop, camera, clip.size, wanted_factor)
    if len(tried) == 1:
        return tried[0]
    pieces = [piece for piece in _pieces(clip) if piece.stop - piece.start > 1]
    # Paths too short to measure do not differ.
    left = np.nan_to_num(_restless(network, clip, pieces, tried, crop))
    chosen = tried[int(np.argmin(left))]
    _log.debug("%s: smoothed at strength %.2f, then over %.2f s", clip.name, *chosen)
    return chosen


def candidates(
    network: FusedNetwork,
    crop: float,
    camera: Camera,
    size: tuple[int, int],
    wanted_factor: float | None = None,
) -> list[Strength]:
    """Return the strengths that are tried, one or more; arguments as for `for_crop`."""
    wanted = network.architecture
    if wanted.official:
        return [Strength(wanted_factor or 1.0)]
    by_itself = reach.strength_of(max(crop, SMALLEST_REACH), camera, size)
    reads_flow = wanted.input_features > wanted.pose_features
    if wanted_factor is not None or reads_flow or crop < SMALLEST_REACH:
        return [Strength(by_itself * (wanted_factor or 1.0))]
    return [Strength(by_itself * factor, each) for each in DEVIATIONS_S for factor in FACTORS]


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
    tried: Sequence[Strength],
    crop: float,
) -> list[float]:
    """Return the limited path's RMS restlessness at each strength."""
    squares, path = np.zeros(len(tried)), clips.real_path(clip)
    for piece in pieces:
        real = CameraPath(path.time_ns[piece], path.quaternion[piece])
        exposure = exposure_of(clip, piece)
        paths = _predicted(network, clip, piece, sorted({each.network for each in tried}))
        squares += np.square(restlessness(tried, paths, real, exposure, crop))
    return [math.sqrt(each / max(len(pieces), 1)) for each in squares]


def restlessness(
    tried: Sequence[Strength],
    paths: Mapping[float, CameraPath],
    real: CameraPath,
    exposure: Exposure,
    crop: float,
) -> list[float]:
    """Return the restlessness of the limited path at each strength; NaN of too short ones.

    Args:
        tried: the strengths.
        paths: those that the network predicts from the gyro alone, by its strength.
        real: as for `limited`, as are the others.
        exposure: likewise.
        crop: likewise.
    """
    calm = (calm_levels(paths[each.network], each.deviation_s) for each in tried)
    return [metrics.restlessness(limited(real, each, exposure, crop)) for each in calm]


def _predicted(
    network: FusedNetwork, clip: Clip, piece: slice, strengths: Sequence[float]
) -> dict[float, CameraPath]:
    """Return the paths that a network predicts from the gyro alone, by their strengths."""
    alone = without_flow(network)
    gyro, shown = with_pre_roll(clips.recorded(clip).gyro), clips.center_time_ns(clip)[piece]
    steps = [features.poses_seen(alone.architecture, gyro, shown, each) for each in strengths]
    paths = inference.predict(alone, steps, [shown] * len(steps))
    return dict(zip(strengths, paths, strict=True))


def calm_levels(path: CameraPath, deviation_s: float) -> list[CameraPath]:
    """Return a network's path and, if it is to be, the smoothed one.

    Where the crop does not allow the smoothed one, the network's own is the next best: it keeps
    within the crop, or nearly, by itself.
    """
    if not deviation_s:
        return [path]
    return [path, smoothing.smooth("gaussian", path, deviation_s)]


def corrected(path: CameraPath, corrects: Float[np.ndarray, "frame 4"]) -> CameraPath:
    """Return a path of poses that are multiplied by what corrects the gyro's error."""
    return CameraPath(path.time_ns, quaternion.multiply(path.quaternion, corrects))


def without_flow(network: FusedNetwork) -> FusedNetwork:
    """Return a network that corrects the gyro by flow as it is where flow agrees with the gyro."""
    alone = nnx.clone(network)
    alone.encoder = alone.core.fusion = None
    wanted = replace(network.architecture, flow=False, fusion=0)
    alone.architecture = alone.core.architecture = wanted
    return alone


def limited(
    real: CameraPath, wanted: Sequence[CameraPath], exposure: Exposure, crop: float
) -> CameraPath:
    """Return the last of the wanted paths, limited to the crop by way of the ones before it.

    Args:
        real: the camera's own path.
        wanted: as `calm_levels` returns them.
        exposure: the real camera for each row of the same frames.
        crop: the most that may be cut off at each side, as a fraction of width and height.
    """
    limit = smoothing.CoverLimit(crop, LIMIT_LOOK_AHEAD_S, tell=False)
    levels = np.stack([path.quaternion for path in (real, *wanted)])
    parts = [limit.push(window.seconds(real), levels, exposure), limit.finish()]
    return CameraPath(real.time_ns, np.concatenate([part.pose for part in parts]))

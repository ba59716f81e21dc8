"""Predicts the virtual path of a clip: flow, features, rollout."""

import logging
from collections.abc import Iterable, Iterator

import numpy as np
from jaxtyping import Float, Int

from dvs_jax import clip as clips
from dvs_jax.camera_path import CameraPath
from dvs_jax.clip import Clip
from dvs_jax.flow import Estimator, FlowPair
from dvs_jax.fused import features, inference, reach
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.clip_flow import flow_pairs
from dvs_jax.fused.flow_reader import FlowReader
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.progress import Track, silently
from dvs_jax.sensors.integration import with_pre_roll

_log = logging.getLogger("dvs_jax")


def predict_trajectory(
    network: FusedNetwork,
    clip: Clip,
    flow_estimator: str | Estimator = "auto",
    track: Track = silently,
    strength: float | None = None,
) -> CameraPath:
    """Predict the virtual camera's path.

    Args:
        network: in inference mode.
        clip: the clip; its flow files are used if there are any.
        flow_estimator: the estimator for a network with flow and a clip without flow files.
        track: reports progress per pair of frames.
        strength: the greater, the more the network smooths and the further it departs from the real
            path (see `StepFeatures` and `reach.strength_of`). By default 1 for official weights;
            for our own networks, the strength for a crop of a tenth at each side.

    Returns:
        One pose per frame, at the frames' centre times.

    Raises:
        InputError: the video or a flow file cannot be read.
    """
    wanted = network.architecture
    time_ns = clips.center_time_ns(clip)
    tell_of_missing_look_ahead(clip, time_ns, wanted.look_ahead_ns)
    log = clips.recorded(clip)
    gyro, camera = with_pre_roll(log.gyro), log.camera
    if strength is None:
        strength = 1.0 if wanted.official else reach.field_of_view(camera, clip.size)
    steps = features.poses_seen(wanted, gyro, time_ns, strength)
    if network.encoder is not None:
        pairs = track(flow_pairs(clip, flow_estimator), clip.frame_count - 1, "optical flow")
        normal = normal_flow(pairs, clip, wanted)
        read = FlowReader(network, camera, clip.size, strength)
        steps = steps._replace(flow=read(normal))
    (path,) = inference.predict(network, [steps], [time_ns])
    return path


def tell_of_missing_look_ahead(
    clip: Clip, time_ns: Int[np.ndarray, "frame"], look_ahead_ns: int
) -> None:
    """Log how many frames (centre times) have a look-ahead beyond the end of the gyro log."""
    unseen = int((time_ns + look_ahead_ns > clips.recorded(clip).gyro.time_ns[-1]).sum())
    if unseen:
        _log.info(
            "%s: the network looks %d ms ahead, and the gyro log ends too early for that in the "
            "last %d frames; go on recording for a moment after the video",
            clip.video.path,
            look_ahead_ns // 1_000_000,
            unseen,
        )


def normal_flow(
    pairs: Iterable[FlowPair], clip: Clip, wanted: Architecture
) -> Iterator[Float[np.ndarray, "rows columns 4"]]:
    """Return a clip's flow as the encoder reads it (see `features.normalize_flow`)."""
    moved = np.diff(clips.lens_shift(clip), axis=0)
    return (
        features.normalize_flow(*pair, wanted, lens)
        for pair, lens in zip(pairs, moved, strict=False)
    )

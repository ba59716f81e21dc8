"""The paths and crops of many clips, found on the devices where a network finds them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np
from jaxtyping import Float

from dvs_jax import camera as cameras
from dvs_jax import clip as clips
from dvs_jax import quaternion
from dvs_jax.camera_path import CameraPath
from dvs_jax.clip import Clip
from dvs_jax.flow.raft import RaftEstimator
from dvs_jax.fused import features, prediction, reach
from dvs_jax.sensors.integration import with_pre_roll
from dvs_jax.stabilization.batch.options import Options
from dvs_jax.stabilization.batch.work import Work
from dvs_jax.stabilization.devices.follow import Follower
from dvs_jax.stabilization.devices.lanes import Program, drive
from dvs_jax.stabilization.devices.tasks import FollowTask
from dvs_jax.stabilization.pipeline import Framing, Method, View, flows, path, viewing
from dvs_jax.stabilization.pipeline.prediction import SMALLEST_REACH, predicted_levels

Poses = Float[np.ndarray, "frame 4"]


def find_views(works: Sequence[Work], options: Options) -> None:
    """Find the `views` of each clip, or note its `error`."""
    poses = _follow([work for work in works if _needs_devices(work.clip, options)], options)
    for work in works:
        if work.error is None:
            with work.noting_errors():
                work.views = list(_views(work.clip, options.method, poses.get(work)))


def _needs_devices(clip: Clip, options: Options) -> bool:
    method = options.method
    # Flow that is stored beside a clip is taken as it is.
    has_flow = method.reads_flow and prediction.stored_flow(clip) is not None
    return method.model is not None and not has_flow


def _follow(works: Sequence[Work], options: Options) -> dict[Work, Poses]:
    """Return the poses that the network predicts; a work that fails has its error noted."""
    if not works or options.method.model is None:
        return {}
    follower = Follower(options.method.model, options.raft)
    # Without flow no frame is looked at: clips of all sizes go together.
    by_size = defaultdict(list)
    for work in works:
        by_size[work.clip.size if options.raft else None].append(work)
    poses = {}
    for alike in by_size.values():
        lanes = options.lanes_for(len(alike))
        program = Program(follower, follower.begin, follower.weights, lanes)
        tasks = {_task(work.clip, options): work for work in alike}
        for task, error in drive(program, tasks):
            work = tasks[task]
            work.error = error
            if error is None:
                poses[work] = task.poses
    return poses


def _task(clip: Clip, options: Options) -> FollowTask:
    model, camera = options.method.model, clip.sensors.camera
    assert model is not None
    wanted, strength = model.architecture, 1.0
    if not wanted.official:
        crop = max(options.method.crop, SMALLEST_REACH)
        strength = reach.strength_of(crop, camera, clip.size)
    time_ns = clips.center_time_ns(clip)
    prediction.tell_of_missing_look_ahead(clip, time_ns, wanted.look_ahead_ns)
    steps = features.poses_seen(wanted, with_pre_roll(clip.sensors.gyro), time_ns, strength)
    return FollowTask(
        steps,
        clips.lens_shift(clip),
        cameras.relative_focal_length(camera, clip.size),
        None if options.raft is None else _small_frames(clip, options.raft),
    )


def _small_frames(clip: Clip, estimator: RaftEstimator) -> Iterator[np.ndarray]:
    return map(flows.shrinking(clip, estimator), clips.read_pictures(clip))


def _views(clip: Clip, method: Method, predicted: Poses | None) -> Iterator[View]:
    """Return what the host's pipeline would, whoever has predicted the path."""
    default: Framing = "fixed" if method.reads_flow else "smallest"
    look_ahead_s = path.LIMIT_LOOK_AHEAD_S if method.reads_flow else np.inf
    levels: Iterable[path.Levels]
    if predicted is not None:
        levels = _levels(clip, predicted)
    elif method.model is None:
        levels, look_ahead_s = viewing.levels_from_sensors(clip, method)
    else:
        pairs = chain([None], prediction.flow_pairs(clip, method.flow_estimator))
        levels = predicted_levels(method.model, clip, method.crop, pairs)
    return viewing.views_along(clip, method, default, levels, look_ahead_s)


def _levels(clip: Clip, predicted: Poses) -> Iterable[path.Levels]:
    real = clips.real_path(clip)
    unit = quaternion.normalize(predicted.astype(np.float64))
    return path.in_portions([real, CameraPath(real.time_ns, unit)])

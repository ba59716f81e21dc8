"""One training sample: a window of consecutive frames of a clip."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float16, UInt32

from dvs_jax.camera_path import pose_at
from dvs_jax.errors import InputError
from dvs_jax.fused.architecture import REAL_POSES_EACH_SIDE
from dvs_jax.fused.features import pose_features
from dvs_jax.fused.record import Record, gyro_path
from dvs_jax.fused.rollout import StepFeatures
from dvs_jax.sensors.integration import with_pre_roll


class Window(NamedTuple):
    """T steps of a clip, so T + 1 frames; batches have a leading axis.

    Attributes:
        poses: the poses that the network reads, float32 with a leading step axis; its `flow` is
            [step, 0].
        camera_pose: float32 [step + 1, 4], the measured pose, [x, y, z, w], world to camera, at the
            centre time of the frame before the first step, then of every step's frame.
        true_pose: float32 [step + 1, 4], the true pose at the same times, as in the record; the
            measured one if the truth is not known. The two may differ by a constant rotation of
            the world.
        flow: float16 [step, height, width, 4], from the frame before a step's to the step's and
            back, normalised as in `Record.flow`; [step, 0, 0, 4] without flow.
        lens_shift: float32 [step + 1, 2], as in the record.
        focal: float32 [2], focal length over the frame's width and over its height.
        seed: uint32 [], which determines all that is random about the window.
    """

    poses: StepFeatures
    camera_pose: Float[np.ndarray, "frame 4"]
    true_pose: Float[np.ndarray, "frame 4"]
    flow: Float16[np.ndarray, "step height width 4"]
    lens_shift: Float[np.ndarray, "frame 2"]
    focal: Float[np.ndarray, "2"]
    seed: UInt32[np.ndarray, ""]


def cut(
    record: Record,
    rng: np.random.Generator,
    steps: int,
    each_side: int = REAL_POSES_EACH_SIDE,
    fusion: bool = False,
) -> Window:
    """Cut a random window out of a clip.

    Args:
        record: the clip.
        rng: draws the window's first frame and its seed.
        steps: the number of steps.
        each_side: how many real poses a step reads before it, and as many after it.
        fusion: whether the network corrects the gyro (see `features.pose_features`).

    Raises:
        InputError: the clip has fewer frames than the window.
    """
    spare = len(record.time_ns) - (steps + 1)
    if spare < 0:
        raise InputError(
            f"{record.name}: {len(record.time_ns)} frames are too few for a window of {steps} "
            "steps, which needs one frame more than steps; train on shorter windows"
        )
    begin = int(rng.integers(spare + 1))
    seed = rng.integers(1 << 32, dtype=np.uint32)
    return window_at(record, begin, steps, seed, each_side, fusion)


def window_at(
    record: Record,
    begin: int,
    steps: int,
    seed: np.uint32,
    each_side: int = REAL_POSES_EACH_SIDE,
    fusion: bool = False,
) -> Window:
    """Return the window whose first step is the frame after frame `begin`."""
    time_ns = record.time_ns[begin : begin + steps + 1]
    path = with_pre_roll(gyro_path(record))
    return Window(
        pose_features(path, time_ns, official=False, each_side=each_side, fusion=fusion),
        pose_at(path, time_ns, "hold").astype(np.float32),
        record.true_pose[begin : begin + steps + 1],
        record.flow[begin : begin + steps],
        record.lens_shift[begin : begin + steps + 1],
        record.focal,
        np.asarray(seed, np.uint32),
    )

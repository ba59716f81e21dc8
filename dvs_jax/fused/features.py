"""The network's input, as in DVS's `dvs/dataset.py`: poses around a frame, flow between frames."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Literal

import cv2
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Int

from dvs_jax import quaternion
from dvs_jax.camera import Camera, seen_direction, seen_point
from dvs_jax.camera_path import CameraPath, pose_at
from dvs_jax.fused.architecture import (
    REAL_POSES_EACH_SIDE,
    SAMPLE_INTERVAL_NS,
    VIRTUAL_POSES,
    Architecture,
)
from dvs_jax.fused.fusion import CLOCK_OFFSETS_NS
from dvs_jax.fused.network import FlowEncoder
from dvs_jax.fused.rollout import StepFeatures
from dvs_jax.fused.turn import TurnEncoder

ENCODED_AT_ONCE = 16
"""Pairs encoded in one call: a fixed batch compiles once and bounds the memory."""


def pose_features(
    gyro: CameraPath,
    time_ns: Int[np.ndarray, "frame"],
    official: bool,
    strength: float = 1.0,
    each_side: int = REAL_POSES_EACH_SIDE,
    fusion: bool = False,
) -> StepFeatures:
    """Return the poses that the network reads at each step, without flow.

    Args:
        gyro: the camera's real path.
        time_ns: int64 centre times of the frames (the steps are frames 1 … N−1).
        official: whether the pose beyond the gyro log's ends is the identity, as in the official
            program, instead of its first or last pose.
        strength: what rotations are divided by for the network (see `StepFeatures`).
        each_side: how many real poses the network reads before a frame, and as many after it.
        fusion: whether the network corrects the gyro, and so reads its rotations between frames.

    Returns:
        float32 NumPy arrays with a leading step axis; `flow` is [step, 0].
    """
    outside: Literal["identity", "hold"] = "identity" if official else "hold"
    center = time_ns[1:]
    window = np.arange(-each_side, each_side + 1) * SAMPLE_INTERVAL_NS
    pose = pose_at(gyro, center[:, None] + window, outside)
    anchor = pose[:, each_side - 1]
    relative = quaternion.multiply(pose, quaternion.conjugate(anchor)[:, None])
    if strength != 1.0:
        vector = quaternion.to_rotation_vector(relative) / strength
        relative = quaternion.from_rotation_vector(vector)
    interval_s = np.diff(time_ns) * 1e-9
    return StepFeatures(
        relative.astype(np.float32),
        anchor.astype(np.float32),
        interval_s.astype(np.float32),
        np.zeros((len(center), 0), np.float32),
        np.full(len(center), strength, np.float32),
        _gyro_turns(gyro, time_ns, CLOCK_OFFSETS_NS if fusion else ()),
    )


def poses_seen(
    wanted: Architecture,
    gyro: CameraPath,
    time_ns: Int[np.ndarray, "frame"],
    strength: float = 1.0,
) -> StepFeatures:
    """Return the poses that a network reads at each step, without flow (see `pose_features`)."""
    return pose_features(
        gyro, time_ns, wanted.official, strength, wanted.poses_each_side, wanted.fusion > 0
    )


def _gyro_turns(
    gyro: CameraPath, time_ns: Int[np.ndarray, "frame"], offsets_ns: Sequence[int]
) -> Float[np.ndarray, "step offset 3"]:
    """Return the gyro's rotation from frame to frame, with its clock shifted by each offset."""
    pose = pose_at(gyro, time_ns[:, None] + np.array(offsets_ns, np.int64), "hold")
    turn = quaternion.multiply(pose[1:], quaternion.conjugate(pose[:-1]))
    return quaternion.to_rotation_vector(turn).astype(np.float32)


def ring_size(time_ns: Int[np.ndarray, "frame"]) -> int:
    """Return how many virtual poses the rollout has to keep at this clip's frame rate.

    It is a power of two, so that clips of different rates share a compiled rollout.
    """
    reach = VIRTUAL_POSES * SAMPLE_INTERVAL_NS
    within = np.searchsorted(time_ns, time_ns + reach, side="right") - np.arange(len(time_ns))
    return max(4, 1 << int(within.max()).bit_length())


def normalize_flow(
    forward: Float[np.ndarray, "height width 2"],
    backward: Float[np.ndarray, "height width 2"],
    wanted: Architecture,
    lens_moved: Float[np.ndarray, "2"] | None = None,
) -> Float[np.ndarray, "rows columns 4"]:
    """Return the flow of a frame pair, normalised for the encoder.

    Args:
        forward: float32 (dx, dy) in pixels, from the earlier frame to the later.
        backward: likewise, from the later frame to the earlier.
        wanted: the network's architecture: the size of the flow, and whether x is divided by the
            height and y by the width as in the official `dvs/util.py`.
        lens_moved: the logged change of the OIS lens shift from the earlier frame to the later,
            (x, y) in fractions of the frame. It is subtracted for our own networks, since poses do
            not contain it either. None without a log.

    Returns:
        float32, forward and backward in fractions of the frame, at the encoder's size.
    """
    height, width = forward.shape[:2]
    scale = (height, width) if wanted.official else (width, height)
    flow = np.concatenate([forward, backward], axis=-1) / np.array(scale * 2, np.float32)
    if lens_moved is not None and not wanted.official:
        flow = flow - np.concatenate([lens_moved, -lens_moved]).astype(np.float32)
    if (width, height) == wanted.flow_size:
        return flow
    shrinks = width > wanted.flow_size[0]
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(flow, wanted.flow_size, interpolation=interpolation)


def straightened(
    pair: Float[np.ndarray, "rows columns 4"], camera: Camera, size: tuple[int, int]
) -> Float[np.ndarray, "rows columns 4"]:
    """Return the flow that a camera without distortion and of the same focal length would see.

    Networks know no other camera; without this a turn looks different at the picture's edges.

    Args:
        pair: float32, forward and backward (dx, dy) in fractions of the frame.
        camera: whose frames they are, with its lens.
        size: width and height of the frames.

    Returns:
        float32 likewise, with the optical axis in the middle.
    """
    straight = replace(camera, lens=None, principal_point=(0.5, 0.5))
    rows, columns = pair.shape[:2]
    x, y = np.meshgrid((np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows)
    place, still = np.stack([x, y], axis=-1), np.zeros((rows, columns, 2))
    filmed = seen_point(camera, size, seen_direction(straight, size, place, still), still)
    column, row = np.moveaxis(filmed * (columns, rows) - 0.5, -1, 0).astype(np.float32)
    flow = cv2.remap(pair, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    moved = [
        seen_point(straight, size, seen_direction(camera, size, filmed + part, still), still)
        for part in (flow[..., :2], flow[..., 2:])
    ]
    return np.concatenate([each - place for each in moved], axis=-1).astype(np.float32)


def as_read(
    flow: Float[quaternion.Array, "step height width 4"],
    lens_shift: Float[quaternion.Array, "frame 2"],
    wanted: Architecture,
) -> Float[quaternion.Array, "step height width 4"]:
    """Return a record's flow as the network reads it, in NumPy or JAX, float32.

    For official weights it is normalised as in their program; for our own networks the logged lens
    shift is subtracted (see `normalize_flow`).

    Args:
        flow: between consecutive frames, as in `Record.flow`.
        lens_shift: at each frame, as in `Record.lens_shift`.
        wanted: the network's architecture.
    """
    xp = quaternion.array_namespace(flow, lens_shift)
    if wanted.official:
        width, height = wanted.flow_size
        units = xp.asarray(np.array([width / height, height / width] * 2, np.float32))
        return flow.astype(np.float32) * units[None, None, None]
    moved = lens_shift[1:] - lens_shift[:-1]
    both = xp.concatenate([moved, -moved], axis=-1).astype(np.float32)[:, None, None]
    return flow.astype(np.float32) - xp.broadcast_to(both, flow.shape)


def encode_pairs(
    encoder: FlowEncoder | TurnEncoder,
    pairs: Iterable[Float[np.ndarray, "rows columns 4"]],
    focal: Float[np.ndarray, "2"],
) -> Float[np.ndarray, "pair feature"]:
    """Return the encoded flow of one or more pairs, with a few in memory at a time.

    Args:
        encoder: the network's.
        pairs: as `normalize_flow` returns them.
        focal: focal length over the frame's width and over its height.
    """
    rest, encoded = iter(pairs), []
    while chunk := list(islice(rest, ENCODED_AT_ONCE)):
        encoded.append(encode_flow(encoder, np.stack(chunk), focal))
    return np.concatenate(encoded)


def encode_flow(
    encoder: FlowEncoder | TurnEncoder,
    flow: Float[np.ndarray, "pair rows columns 4"],
    focal: Float[np.ndarray, "2"],
) -> Float[np.ndarray, "pair feature"]:
    """Return the encoded flow of at most `ENCODED_AT_ONCE` pairs; see `encode_pairs`."""
    graph, state = nnx.split(encoder)
    lens = jnp.asarray(focal, jnp.float32)
    encoded = _encode(graph, state, jnp.asarray(in_batch(flow)), lens)
    return np.asarray(encoded)[: len(flow)]


def in_batch(
    flow: Float[np.ndarray, "pair rows columns 4"],
) -> Float[np.ndarray, "batch rows columns 4"]:
    """Return at most `ENCODED_AT_ONCE` pairs padded to as many, a single one, as live, not."""
    batch = 1 if len(flow) == 1 else ENCODED_AT_ONCE
    return np.pad(flow, [(0, batch - len(flow)), (0, 0), (0, 0), (0, 0)])


@partial(jax.jit, static_argnums=0)
def _encode(
    graph: nnx.GraphDef[FlowEncoder | TurnEncoder],
    state: nnx.State,
    flow: Float[Array, "pair height width 4"],
    focal: Float[Array, "2"],
) -> Float[Array, "pair feature"]:
    return jax.vmap(nnx.merge(graph, state), in_axes=(0, None))(flow, focal)

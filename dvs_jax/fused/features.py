"""What the network is fed: poses around each frame, and flow between frames (specs §4)."""

from collections.abc import Iterable
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
from dvs_jax.camera_path import CameraPath, pose_at
from dvs_jax.fused.architecture import (
    REAL_POSES_EACH_SIDE,
    SAMPLE_INTERVAL_NS,
    VIRTUAL_POSES,
    Architecture,
)
from dvs_jax.fused.network import FlowEncoder
from dvs_jax.fused.rollout import StepFeatures

ENCODED_AT_ONCE = 16
"""Pairs encoded in one call: a fixed batch compiles once and bounds the memory."""


def pose_features(
    gyro: CameraPath,
    time_ns: Int[np.ndarray, "frame"],
    official: bool,
    strength: float = 1.0,
    each_side: int = REAL_POSES_EACH_SIDE,
) -> StepFeatures:
    """Return the poses that each step sees, without flow.

    Args:
        gyro: the camera's real path.
        time_ns: int64 centre times of the frames (the steps are frames 1 … N−1).
        official: whether the pose beyond the gyro log's ends is the identity, as in the official
            program, instead of its first or last pose.
        strength: what rotations are divided by for the network (see `StepFeatures`).
        each_side: how many real poses the network sees before a frame and after it.

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
    )


def ring_size(time_ns: Int[np.ndarray, "frame"]) -> int:
    """Return how many virtual poses the rollout has to remember at this clip's frame rate.

    It is a power of two, so that clips of different rates share a compiled rollout.
    """
    reach = VIRTUAL_POSES * SAMPLE_INTERVAL_NS
    within = np.searchsorted(time_ns, time_ns + reach, side="right") - np.arange(len(time_ns))
    return max(4, 1 << int(within.max()).bit_length())


def normalize_flow(
    forward: Float[np.ndarray, "height width 2"],
    backward: Float[np.ndarray, "height width 2"],
    wanted: Architecture,
) -> Float[np.ndarray, "rows columns 4"]:
    """Return a pair's flow as the encoder reads it.

    Args:
        forward: float32 (dx, dy) in pixels, from the earlier frame to the later.
        backward: likewise, from the later frame to the earlier.
        wanted: the network's description: of which size the flow is, and whether x is divided by
            the height and y by the width as in the official program (specs §8).

    Returns:
        float32, forward and backward in fractions of the frame, at the encoder's size.
    """
    height, width = forward.shape[:2]
    scale = (height, width) if wanted.official else (width, height)
    flow = np.concatenate([forward, backward], axis=-1) / np.array(scale * 2, np.float32)
    if (width, height) == wanted.flow_size:
        return flow
    shrinks = width > wanted.flow_size[0]
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(flow, wanted.flow_size, interpolation=interpolation)


def flow_scale(wanted: Architecture) -> Float[np.ndarray, "4"]:
    """Return what flow in fractions of the frame (as of `Record.flow`) is multiplied by.

    It is then as `normalize_flow` returns it: for official weights in the quirk's units, float32.
    """
    if not wanted.official:
        return np.ones(4, np.float32)
    width, height = wanted.flow_size
    return np.array([width / height, height / width] * 2, np.float32)


def encode_pairs(
    encoder: FlowEncoder, pairs: Iterable[Float[np.ndarray, "rows columns 4"]]
) -> Float[np.ndarray, "pair 64"]:
    """Return the encoded flow of any number of pairs, one or more, a few held at a time."""
    rest, encoded = iter(pairs), []
    while chunk := list(islice(rest, ENCODED_AT_ONCE)):
        encoded.append(encode_flow(encoder, np.stack(chunk)))
    return np.concatenate(encoded)


def encode_flow(
    encoder: FlowEncoder, flow: Float[np.ndarray, "pair rows columns 4"]
) -> Float[np.ndarray, "pair 64"]:
    """Return the encoded flow of at most `ENCODED_AT_ONCE` pairs."""
    # One pair, as a camera delivers it, must not wait for sixteen to be encoded.
    batch = 1 if len(flow) == 1 else ENCODED_AT_ONCE
    padding = [(0, batch - len(flow)), (0, 0), (0, 0), (0, 0)]
    graph, state = nnx.split(encoder)
    encoded = _encode(graph, state, jnp.asarray(np.pad(flow, padding)))
    return np.asarray(encoded)[: len(flow)]


@partial(jax.jit, static_argnums=0)
def _encode(
    graph: nnx.GraphDef[FlowEncoder], state: nnx.State, flow: Float[Array, "pair height width 4"]
) -> Float[Array, "pair 64"]:
    return jax.vmap(nnx.merge(graph, state))(flow)

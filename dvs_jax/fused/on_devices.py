"""Flow and network for consecutive frames of a clip on the device: frames in, virtual poses out.

Clips are processed in stretches of T frames. These are single-clip functions; `lanes` batches them
over clips. The state between stretches is explicit.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Bool, Float, PyTree, UInt8

from dvs_jax import quaternion
from dvs_jax.flow import raft
from dvs_jax.flow.raft import RaftEstimator
from dvs_jax.fused import rollout, scene_flow
from dvs_jax.fused.features import as_read
from dvs_jax.fused.network import Core, FusedNetwork
from dvs_jax.fused.online import RING
from dvs_jax.fused.rollout import RolloutState, StepFeatures
from dvs_jax.methods.stretch import choose
from dvs_jax.motion import attached
from dvs_jax.motion.attached import Evidence


class FollowStretch(NamedTuple):
    """Inputs for a stretch of T frames; NumPy arrays on the host, JAX arrays on the device.

    Attributes:
        is_first: bool [], whether it begins the clip.
        features: float32 [T, ...], for each frame those of the step that ends at it, for a clip's
            first frame those of the step that begins at it; `flow` is [T, 0].
        frames: uint8 [T, height, width, 3], RGB, at the size at which flow is made; [T, 0, 0, 3]
            for a network without flow.
        still: bool [T], whether a frame repeats the one before it.
        lens: float32 [T + 1, 2], logged OIS lens shift at the frame before the stretch and at its
            frames, (x, y) in fractions of the frame.
        focal: float32 [2], focal length over the frame's width and over its height.
    """

    is_first: Bool[quaternion.Array, ""]
    features: StepFeatures
    frames: UInt8[quaternion.Array, "frame height width 3"]
    still: Bool[quaternion.Array, "frame"]
    lens: Float[quaternion.Array, "frame1 2"]
    focal: Float[quaternion.Array, "2"]


class FollowCarry(NamedTuple):
    """The state between stretches.

    Attributes:
        frame: uint8 [height, width, 3], the last frame at the size at which flow is made.
        evidence: what flow so far tells of things fixed to the camera.
        state: the network's and the rollout's.
    """

    frame: UInt8[Array, "height width 3"]
    evidence: Evidence
    state: RolloutState


class Followed(NamedTuple):
    """Virtual poses of a stretch's frames, as in `rollout.StepOutput`.

    At a clip's first frame the virtual camera starts, without a correction.
    """

    pose: Float[quaternion.Array, "frame 4"]
    steady: Float[quaternion.Array, "frame 4"]
    correction: Float[quaternion.Array, "frame 4"]


class Follower:
    """A network and the RAFT that makes its flow, split into graph and weights for jit.

    Attributes:
        weights: of both, a pytree of arrays.
    """

    def __init__(self, network: FusedNetwork, estimator: RaftEstimator | None):
        """Split both into graph and weights.

        Args:
            network: in inference mode.
            estimator: makes its flow; None for a network without flow.
        """
        self.architecture = network.architecture
        self._core, core = nnx.split(network.core)
        self._encoder, encoder = nnx.split(network.encoder)
        self._estimator = estimator
        flow = () if estimator is None else estimator.weights
        self.weights: PyTree = (core, encoder, flow)

    def begin(self, stretch: FollowStretch) -> FollowCarry:
        """Return the carry before a clip's first stretch."""
        core = nnx.merge(self._core, self.weights[0])
        start = _start(core, stretch.features)
        return FollowCarry(stretch.frames[0], attached.no_evidence(), start)

    def __call__(
        self, weights: PyTree, carry: FollowCarry, stretch: FollowStretch
    ) -> tuple[FollowCarry, Followed]:
        """Compute flow and virtual poses of a stretch.

        Args:
            weights: the attribute, as traced arrays.
            carry: the state after the previous stretch; ignored if this stretch begins a clip.
            stretch: its inputs.

        Returns:
            The new state; and the virtual poses, float32 [x, y, z, w], world to camera, not
            normalised.
        """
        core = nnx.merge(self._core, weights[0])
        features, evidence = stretch.features, carry.evidence
        if self._estimator is not None:
            flow = self._flow(weights, carry.frame, stretch)
            evidence, flow = self._read(evidence, flow, stretch)
            features = features._replace(flow=self._encoded(weights, flow, stretch))
        state, followed = self._roll_out(core, features, stretch.is_first, carry.state)
        return FollowCarry(stretch.frames[-1], evidence, state), followed

    # By default accelerators multiply matrices with 10 bits or less, which is enough for RAFT.
    @jax.default_matmul_precision("highest")
    def _roll_out(
        self,
        core: Core,
        features: StepFeatures,
        is_first: Bool[Array, ""],
        before: RolloutState,
    ) -> tuple[RolloutState, Followed]:
        start = _start(core, features)
        begun = rollout.begin(core, start, _first(features))
        state = choose(is_first, begun, before)
        # A clip's first frame is not a step: it leaves the initial state unchanged.
        is_start = is_first & (jnp.arange(len(features.interval_s)) == 0)

        def advance(
            state: RolloutState, entry: tuple[StepFeatures, Bool[Array, ""]]
        ) -> tuple[RolloutState, Followed]:
            step, held = entry
            new, output = rollout.step(core, state, step)
            found = Followed(output.pose, output.steady, output.correction)
            return choose(held, state, new), found

        state, later = jax.lax.scan(advance, state, (features, is_start))
        pose = rollout.start_pose(core, start, later.pose[0])
        first = Followed(pose, pose, jnp.asarray([0.0, 0.0, 0.0, 1.0]))
        return state, jax.tree.map(
            lambda all_, one: all_.at[0].set(jnp.where(is_first, one, all_[0])), later, first
        )

    def _flow(
        self, weights: PyTree, before: UInt8[Array, "height width 3"], stretch: FollowStretch
    ) -> Float[Array, "frame height width 4"]:
        assert self._estimator is not None
        graph, iterations = self._estimator.graph, self._estimator.iterations
        before = jnp.where(stretch.is_first, stretch.frames[0], before)
        last = raft.encode(graph, weights[2], before)
        _, *both = raft.advance(graph, weights[2], last, stretch.frames, iterations)
        flow = jnp.concatenate(both, axis=-1)
        return jnp.where(stretch.still[:, None, None, None], jnp.zeros_like(flow), flow)

    def _read(
        self, evidence: Evidence, flow: Float[Array, "frame height width 4"], stretch: FollowStretch
    ) -> tuple[Evidence, Float[Array, "frame rows columns 4"]]:
        """Return flow as the network reads it, and what it tells of things fixed to the camera."""
        read = as_read(self._normal(flow), stretch.lens, self.architecture)
        if self.architecture.official:
            return evidence, read
        height, width = flow.shape[1:3]
        sides = jnp.asarray([width, height], jnp.float32) / max(width, height)
        before = choose(stretch.is_first, attached.no_evidence(), evidence)
        return scene_flow.of_scene(before, read, stretch.focal, sides)

    @jax.default_matmul_precision("highest")
    def _encoded(
        self, weights: PyTree, flow: Float[Array, "frame rows columns 4"], stretch: FollowStretch
    ) -> Float[Array, "frame feature"]:
        encoder = nnx.merge(self._encoder, weights[1])
        assert encoder is not None
        encoded = jax.vmap(encoder, in_axes=(0, None))(flow, stretch.focal)
        # The first frame stands for the step that begins at it, whose flow ends at the second.
        return encoded.at[0].set(jnp.where(stretch.is_first, encoded[1], encoded[0]))

    def _normal(
        self, flow: Float[Array, "frame height width 4"]
    ) -> Float[Array, "frame rows columns 4"]:
        """Return flow, given in pixels, in fractions of the frame and at the network's size."""
        height, width = flow.shape[1:3]
        size = jnp.asarray([width, height] * 2, jnp.float32)
        flow = flow / jnp.broadcast_to(size, flow.shape)
        columns, rows = self.architecture.flow_size
        return flow if (rows, columns) == (height, width) else resize(flow, (rows, columns))


def _start(core: Core, features: StepFeatures) -> RolloutState:
    return rollout.initial_state(core, RING, _first(features))


def _first(features: StepFeatures) -> StepFeatures:
    return jax.tree.map(lambda array: array[0], features)


def resize(
    images: Float[Array, "image height width channel"], size: tuple[int, int]
) -> Float[Array, "image rows columns channel"]:
    """Resize to a height and width like OpenCV: by area if smaller, else bilinearly."""
    shape = (images.shape[0], *size, images.shape[3])
    if size[1] > images.shape[2]:
        return jax.image.resize(images, shape, "linear", antialias=False)
    down, across = (_area_weights(*pair) for pair in zip(images.shape[1:3], size, strict=True))
    return jnp.einsum("rh,cw,ihwk->irck", down, across, images, precision="highest")


def _area_weights(source: int, target: int) -> Float[np.ndarray, "target source"]:
    """Return the share of each target pixel that each source pixel covers."""
    scale = source / target
    begin = np.arange(target)[:, None] * scale
    pixel = np.arange(source)[None]
    overlap = np.minimum(begin + scale, pixel + 1) - np.maximum(begin, pixel)
    return (np.maximum(overlap, 0.0) / scale).astype(np.float32)

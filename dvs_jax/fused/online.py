"""Online prediction: takes frames one by one, returns poses after the look-ahead of 400 ms."""

from collections import deque
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Float, Int

from dvs_jax import quaternion
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath
from dvs_jax.errors import InputError
from dvs_jax.fused import reach
from dvs_jax.fused.features import normalize_flow, poses_seen
from dvs_jax.fused.flow_reader import FlowReader
from dvs_jax.fused.network import Core, FusedNetwork
from dvs_jax.fused.rollout import RolloutState, StepFeatures, begin, initial_state, start_pose, step
from dvs_jax.sensors.integration import integrate, with_pre_roll

RING = 32
"""Virtual poses kept: 80 ms of them at up to `HIGHEST_FRAME_RATE`."""

HIGHEST_FRAME_RATE = 375

LARGEST_CROP = 0.45
"""Largest share of the frame that may be cropped at each side."""

_NEVER = np.iinfo(np.int64).min

Flow = tuple[Float[np.ndarray, "height width 2"], Float[np.ndarray, "height width 2"]]


class _Frame(NamedTuple):
    time_ns: int
    previous_ns: int
    flow: Float[np.ndarray, "feature"]


class OnlineStabilizer:
    """Predicts the path of `inference.predict` while the camera is still running.

    The pose of a frame is returned once the gyro samples cover the network's look-ahead, 400 ms in
    the paper. Memory does not grow with time.
    """

    def __init__(
        self,
        network: FusedNetwork,
        camera: Camera,
        size: tuple[int, int],
        crop: float = reach.MARGIN,
    ):
        """Set up the network for a camera.

        Args:
            network: in inference mode.
            camera: whose frames they are.
            size: width and height of the frames in pixels.
            crop: share of the frame that our own networks may crop at each side, above 0, at most
                `LARGEST_CROP`.

        Raises:
            InputError: the crop is out of range.
        """
        if not 0.0 < crop <= LARGEST_CROP:
            raise InputError(
                f"a crop of {crop} is impossible; give more than 0 and at most {LARGEST_CROP} of "
                "each side"
            )
        self._network = network
        own = not network.architecture.official
        self._strength = reach.strength_of(crop, camera, size) if own else 1.0
        self._read: FlowReader | None = None
        if network.encoder is not None:
            self._read = FlowReader(network, camera, size, self._strength)
        self._lens: Float[np.ndarray, "2"] | None = None
        self._reach_ns = network.architecture.look_ahead_ns
        self._graph, self._weights = nnx.split(network.core)
        self._state: RolloutState | None = None
        self._gyro = CameraPath(np.zeros(0, np.int64), np.zeros((0, 4)))
        self._latest_ns: int | None = None
        self._waiting: deque[_Frame] = deque()

    def push(
        self,
        time_ns: int,
        gyro_time_ns: Int[np.ndarray, "sample"],
        velocity: Float[np.ndarray, "sample 3"],
        flow: Flow | None,
        lens_shift: Float[np.ndarray, "2"] | None = None,
    ) -> CameraPath:
        """Take a frame and the gyro samples since the last call.

        Args:
            time_ns: when the frame's middle row was exposed, in nanoseconds.
            gyro_time_ns: int64 nanoseconds on the same clock, increasing, later than all before.
            velocity: the pose's angular velocity in rad/s about the camera's x, y and z (the
                negative of the camera's own).
            flow: forward and backward flow in pixels between the frame before and this one; None
                for the first frame and for networks without flow.
            lens_shift: OIS lens shift at that time, (x, y) in fractions of the frame; None if not
                known.

        Returns:
            The new virtual poses in order: none at first, then one per frame unless gyro samples
            come in larger batches.

        Raises:
            InputError: times that do not increase, frames faster than `HIGHEST_FRAME_RATE`, or no
                flow for a network that reads it. The state is unchanged then, so the
                call can be repeated with correct arguments.
        """
        self._check(time_ns, gyro_time_ns)
        # Flow may raise an error, so it comes before any change of state.
        told = None if self._latest_ns is None else self._encode(flow, lens_shift)
        self._extend_gyro(gyro_time_ns, velocity)
        if self._latest_ns is not None and told is not None:
            self._waiting.append(_Frame(time_ns, self._latest_ns, told))
        self._latest_ns, self._lens = time_ns, lens_shift
        # A path needs two samples; until then no pose is known.
        return self._emit(self._gyro.time_ns[-1] if len(self._gyro) > 1 else _NEVER)

    def finish(self) -> CameraPath:
        """Return the remaining poses.

        Beyond the gyro's end the last pose is held (for official weights it is the identity, as
        in the official program).

        Raises:
            InputError: there were frames, but no gyro samples.
        """
        if self._waiting and len(self._gyro) < 2:
            raise InputError("no pose can be predicted: the gyro gave fewer than two samples")
        return self._emit(np.iinfo(np.int64).max)

    def _check(self, time_ns: int, gyro_time_ns: Int[np.ndarray, "sample"]) -> None:
        known = np.append(self._gyro.time_ns[-1:], gyro_time_ns)
        if (np.diff(known) <= 0).any():
            raise InputError("the gyro's times must increase, also from one call to the next")
        if self._latest_ns is not None and time_ns - self._latest_ns < 1e9 / HIGHEST_FRAME_RATE:
            raise InputError(
                f"frames at {self._latest_ns} and {time_ns} ns: their times must increase, by at "
                f"least 1/{HIGHEST_FRAME_RATE} s"
            )

    def _extend_gyro(
        self, time_ns: Int[np.ndarray, "sample"], velocity: Float[np.ndarray, "sample 3"]
    ) -> None:
        known = self._gyro
        if len(known) == 0 or len(time_ns) == 0:
            self._gyro = integrate(time_ns, velocity) if len(time_ns) else known
            return
        later = integrate(
            np.append(known.time_ns[-1:], time_ns), np.concatenate([np.zeros((1, 3)), velocity])
        )
        pose = quaternion.multiply(later.quaternion[1:], known.quaternion[-1:])
        self._gyro = CameraPath(
            np.append(known.time_ns, time_ns), np.concatenate([known.quaternion, pose])
        )

    def _encode(
        self, flow: Flow | None, lens_shift: Float[np.ndarray, "2"] | None
    ) -> Float[np.ndarray, "feature"]:
        if self._read is None:
            return np.zeros(0, np.float32)
        if flow is None:
            raise InputError("this network reads optical flow: pass each pair's flow to push()")
        moved = None
        if lens_shift is not None and self._lens is not None:
            moved = lens_shift - self._lens
        normal = normalize_flow(*flow, self._network.architecture, moved)
        return self._read([normal])[0]

    def _emit(self, known_ns: int) -> CameraPath:
        times: list[int] = []
        poses: list[Float[np.ndarray, "4"]] = []
        while self._waiting and self._waiting[0].time_ns + self._reach_ns <= known_ns:
            frame = self._waiting.popleft()
            if self._state is None:
                times, poses = [frame.previous_ns, frame.time_ns], self._first_steps(frame)
            else:
                times.append(frame.time_ns)
                poses.append(self._step(self._state, self._features(frame)))
            # The network looks back as far as it looks ahead; the other half is a margin.
            self._forget_before(frame.time_ns - 2 * self._reach_ns)
        unit = quaternion.normalize(np.array(poses, float).reshape(-1, 4))
        return CameraPath(np.array(times, np.int64), unit)

    def _first_steps(self, frame: _Frame) -> list[Float[np.ndarray, "4"]]:
        """Return the poses of the first frame and of the second."""
        self._gyro = with_pre_roll(self._gyro)
        features = self._features(frame)
        start = _begin(self._graph, self._weights, features)
        pose = self._step(start, features)
        return [np.asarray(start_pose(self._network.core, start, jnp.asarray(pose))), pose]

    def _step(self, state: RolloutState, features: StepFeatures) -> Float[np.ndarray, "4"]:
        self._state, pose = _step(self._graph, self._weights, state, features)
        return np.asarray(pose)

    def _features(self, frame: _Frame) -> StepFeatures:
        times = np.array([frame.previous_ns, frame.time_ns])
        wanted = self._network.architecture
        stacked = poses_seen(wanted, self._gyro, times, self._strength)
        features = jax.tree.map(lambda array: jnp.asarray(array[0]), stacked)
        return features._replace(flow=jnp.asarray(frame.flow))

    def _forget_before(self, time_ns: int) -> None:
        start = int(np.searchsorted(self._gyro.time_ns, time_ns))
        self._gyro = CameraPath(self._gyro.time_ns[start:], self._gyro.quaternion[start:])


# By default accelerators multiply matrices with 10 bits or less; poses need more.
@partial(jax.jit, static_argnums=0)
@jax.default_matmul_precision("highest")
def _begin(graph: nnx.GraphDef[Core], weights: nnx.State, first: StepFeatures) -> RolloutState:
    core = nnx.merge(graph, weights)
    return begin(core, initial_state(core, RING, first), first)


@partial(jax.jit, static_argnums=0)
@jax.default_matmul_precision("highest")
def _step(
    graph: nnx.GraphDef[Core], weights: nnx.State, state: RolloutState, features: StepFeatures
) -> tuple[RolloutState, jax.Array]:
    state, output = step(nnx.merge(graph, weights), state, features)
    return state, output.pose

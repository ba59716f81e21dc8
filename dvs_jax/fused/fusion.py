"""Sensor fusion: estimates the camera's true rotation from its gyro and from optical flow.

A gyro is exact except for systematic errors: a clock offset, a bias, an OIS that moves the lens
without a log. Flow shows all of them, with noise of its own. A recurrent layer weighs the two and
estimates the gyro's clock offset. The gyro's error is accumulated and added to the virtual pose,
since frames are warped from the gyro's poses, whose error would otherwise be visible as shake.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from dvs_jax import quaternion
from dvs_jax.fused.lstm import LstmLayer, LstmState
from dvs_jax.fused.turn import TURN_TOLD, UNIT_RAD

CLOCK_OFFSETS_NS = tuple(offset * 1_000_000 for offset in range(-30, 31, 5))
"""The gyro clock offsets that are tested, in nanoseconds."""

_ON_TIME = CLOCK_OFFSETS_NS.index(0)

ERROR_MEMORY_S = 2.0
"""Time constant of the accumulated error's decay, in seconds; slower errors are not shake."""

ACCORD_MEMORY_S = 2.0
"""Time constant in seconds over which flow and gyro are compared."""

FIRST_CLOCK_MEMORY_S = 8.0
"""Initial time constant in seconds of the clock offsets' likelihoods; clocks hardly drift."""

FIRST_PRIOR = 3.0
"""Initial prior log-odds of a correct clock against each other offset."""

_TURN_UNIT_RAD = 0.02


class FusionState(NamedTuple):
    """The state between frames.

    Attributes:
        lstm: the recurrent state.
        against: float32 [offset], negative log-likelihood of each clock offset, given the flow
            so far.
        accord: float32 [3, axis], agreement of flow and gyro: decaying sums of their squared
            difference, of the difference times the gyro's rotation, and of that rotation's square.
        error: float32 [4], the error of the gyro's pose: measured ⊗ true⁻¹, [x, y, z, w].
    """

    lstm: LstmState
    against: Float[Array, "offset"]
    accord: Float[Array, "3 axis"]
    error: Float[Array, "4"]


class Fusion(nnx.Module):
    """Corrects the gyro's rotation from frame to frame by optical flow."""

    def __init__(self, hidden: int, rngs: nnx.Rngs):
        """Initialise the weights; before training, flow only determines the clock offset."""
        offsets = len(CLOCK_OFFSETS_NS)
        self.lstm = LstmLayer(offsets + 15 + TURN_TOLD - 3, hidden, rngs)
        self.trust = nnx.Linear(hidden, 3, kernel_init=nnx.initializers.zeros, rngs=rngs)
        self.prior = nnx.Param(jnp.zeros(offsets).at[_ON_TIME].set(FIRST_PRIOR))
        self.log_sharpness = nnx.Param(jnp.zeros(()))
        self.log_noise_rad = nnx.Param(jnp.log(UNIT_RAD))
        self.log_clock_memory_s = nnx.Param(jnp.log(FIRST_CLOCK_MEMORY_S))

    def initial_state(self) -> FusionState:
        """Return the state before a clip: the gyro has no error."""
        zeros = jnp.zeros(self.lstm.recurrent.kernel.shape[0], self.lstm.recurrent.kernel.dtype)
        upright = jnp.asarray([0.0, 0.0, 0.0, 1.0])
        against = jnp.zeros(len(CLOCK_OFFSETS_NS))
        return FusionState((zeros, zeros), against, jnp.zeros((3, 3)), upright)

    def __call__(
        self,
        state: FusionState,
        gyro_turns: Float[Array, "offset 3"],
        told: Float[Array, "5"],
        interval_s: Float[Array, ""],
    ) -> tuple[FusionState, Float[Array, "3"]]:
        """Advance one frame.

        Args:
            state: the state after the frame before.
            gyro_turns: float32, the gyro's rotation since the frame before, a rotation vector in
                radians, for each clock offset of `CLOCK_OFFSETS_NS`.
            told: the rotation estimated from flow (see `turn.TurnEncoder`).
            interval_s: seconds since the frame before.

        Returns:
            The new state, and the estimate of the camera's rotation vector in radians, float32.
        """
        against = self._against(state.against, interval_s) + self._mismatch(gyro_turns, told)
        likely = jax.nn.softmax(self.prior - jnp.exp(self.log_sharpness[...]) * against)
        on_time = (likely[:, None] * gyro_turns).sum(axis=0)
        apart = told[:3] - on_time
        now = jnp.stack([apart * apart, apart * on_time, on_time * on_time]) / UNIT_RAD**2
        accord = jnp.exp(-interval_s / ACCORD_MEMORY_S) * state.accord + now
        seen = [
            likely,
            jnp.arcsinh(apart / UNIT_RAD),
            jnp.arcsinh((gyro_turns[_ON_TIME] - on_time) / UNIT_RAD),
            jnp.arcsinh(on_time / _TURN_UNIT_RAD),
            *_regression(accord),
            told[3:],
        ]
        lstm = self.lstm(state.lstm, jnp.concatenate(seen).astype(self.lstm.input.kernel.dtype))
        # Linear: a saturated gate between 0 and 1 would pass no gradient.
        believed = on_time + self.trust(lstm[0]).astype(jnp.float32) * apart
        error = _added(state.error, gyro_turns[_ON_TIME], believed)
        kept = jnp.exp(-interval_s / ERROR_MEMORY_S)
        faded = quaternion.from_rotation_vector(kept * quaternion.to_rotation_vector(error))
        return FusionState(lstm, against, accord, faded), believed

    def _against(
        self, against: Float[Array, "offset"], interval_s: Float[Array, ""]
    ) -> Float[Array, "offset"]:
        # Only differences matter; without their common minimum the numbers stay small.
        kept = jnp.exp(-interval_s / jnp.exp(self.log_clock_memory_s[...]))
        return kept * (against - against.min())

    def _mismatch(
        self, gyro_turns: Float[Array, "offset 3"], told: Float[Array, "5"]
    ) -> Float[Array, "offset"]:
        """Return each offset's cost: a negative log-likelihood for heavy-tailed flow errors."""
        apart = (gyro_turns - told[None, :3]) / jnp.exp(self.log_noise_rad[...])
        return jnp.log1p(jnp.square(apart)).sum(axis=-1)


def _regression(accord: Float[Array, "3 axis"]) -> tuple[Float[Array, "axis"], ...]:
    """Return slope and correlation of flow's difference from the gyro on the gyro's rotation.

    They show an OIS without a log: the rotation in the flow is then smaller than the gyro's.
    """
    apart, product, turn = accord
    share = product / (turn + 1.0)
    return share, product / jnp.sqrt(apart * turn + 1.0)


def _added(
    error: Float[Array, "4"], measured: Float[Array, "3"], believed: Float[Array, "3"]
) -> Float[Array, "4"]:
    """Return the error, measured ⊗ true⁻¹, after the next rotation of both."""
    back = quaternion.conjugate(quaternion.from_rotation_vector(believed))
    ahead = quaternion.from_rotation_vector(measured)
    return quaternion.multiply(quaternion.multiply(ahead, error), back)

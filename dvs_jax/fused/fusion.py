"""How the camera truly turned, told by its gyro and by optical flow together.

A gyro is exact but for its faults: a clock that is late, a bias, a lens that moves without a log.
Flow sees all of them, and has noise of its own. A recurrent layer finds out which of the two to
trust, and how late the gyro is; what the gyro errs by is summed up and given to the virtual camera,
for frames are drawn from the gyro's poses, and what those err by would be seen as shake.
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
"""By how much the gyro's clock may be off: its turn is looked at as if it were, for each."""

_ON_TIME = CLOCK_OFFSETS_NS.index(0)

ERROR_MEMORY_S = 2.0
"""How long the summed error is remembered; what is slower than that is no shake."""

ACCORD_MEMORY_S = 2.0
"""Over how long flow and gyro are compared."""

FIRST_CLOCK_MEMORY_S = 8.0
"""How long what speaks against an offset is remembered before training: clocks hardly drift."""

FIRST_PRIOR = 3.0
"""Log-odds, before training, of a clock that is right against one that is off by some offset."""

_TURN_UNIT_RAD = 0.02


class FusionState(NamedTuple):
    """What one frame leaves to the next.

    Attributes:
        lstm: the recurrent state.
        against: float32 [offset], what speaks against each clock offset so far: how unlikely it
            makes what flow told, a negative log-likelihood.
        accord: float32 [3, axis], how flow and gyro get on of late: the sums of the squares of what
            lies between them, of its product with the gyro's turn, and of the turn's squares.
        error: float32 [4], what the gyro's pose errs by: measured ⊗ true⁻¹, [x, y, z, w].
    """

    lstm: LstmState
    against: Float[Array, "offset"]
    accord: Float[Array, "3 axis"]
    error: Float[Array, "4"]


class Fusion(nnx.Module):
    """Corrects the gyro's turn from frame to frame by what flow tells."""

    def __init__(self, hidden: int, rngs: nnx.Rngs):
        """Draw the weights; at first flow tells no more than how late the clock is."""
        offsets = len(CLOCK_OFFSETS_NS)
        self.lstm = LstmLayer(offsets + 15 + TURN_TOLD - 3, hidden, rngs)
        self.trust = nnx.Linear(hidden, 3, kernel_init=nnx.initializers.zeros, rngs=rngs)
        self.prior = nnx.Param(jnp.zeros(offsets).at[_ON_TIME].set(FIRST_PRIOR))
        self.log_sharpness = nnx.Param(jnp.zeros(()))
        self.log_noise_rad = nnx.Param(jnp.log(UNIT_RAD))
        self.log_clock_memory_s = nnx.Param(jnp.log(FIRST_CLOCK_MEMORY_S))

    def initial_state(self) -> FusionState:
        """Return the state before a clip: the gyro errs by nothing."""
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
            state: what the frame before left.
            gyro_turns: float32, the gyro's turn since the frame before, a rotation vector in
                radians, as if its clock were off by each of `CLOCK_OFFSETS_NS`.
            told: what flow tells of it (see `turn.TurnEncoder`).
            interval_s: seconds since the frame before.

        Returns:
            The new state, and the turn that the camera is believed to have made, float32.
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
        # Linear: of a gate between 0 and 1 nothing is left to learn by once it has closed.
        believed = on_time + self.trust(lstm[0]).astype(jnp.float32) * apart
        error = _added(state.error, gyro_turns[_ON_TIME], believed)
        kept = jnp.exp(-interval_s / ERROR_MEMORY_S)
        faded = quaternion.from_rotation_vector(kept * quaternion.to_rotation_vector(error))
        return FusionState(lstm, against, accord, faded), believed

    def _against(
        self, against: Float[Array, "offset"], interval_s: Float[Array, ""]
    ) -> Float[Array, "offset"]:
        # Only differences count; without what all have in common the numbers stay small.
        kept = jnp.exp(-interval_s / jnp.exp(self.log_clock_memory_s[...]))
        return kept * (against - against.min())

    def _mismatch(
        self, gyro_turns: Float[Array, "offset 3"], told: Float[Array, "5"]
    ) -> Float[Array, "offset"]:
        """Return what a pair speaks against each offset: flow's errors have a long tail."""
        apart = (gyro_turns - told[None, :3]) / jnp.exp(self.log_noise_rad[...])
        return jnp.log1p(jnp.square(apart)).sum(axis=-1)


def _regression(accord: Float[Array, "3 axis"]) -> tuple[Float[Array, "axis"], ...]:
    """Return which share of the gyro's turn flow sees besides it, and how well that fits.

    A lens that moves without a log shows here: flow sees less of each shake than the gyro.
    """
    apart, product, turn = accord
    share = product / (turn + 1.0)
    return share, product / jnp.sqrt(apart * turn + 1.0)


def _added(
    error: Float[Array, "4"], measured: Float[Array, "3"], believed: Float[Array, "3"]
) -> Float[Array, "4"]:
    """Return measured ⊗ true⁻¹ after both have turned on."""
    back = quaternion.conjugate(quaternion.from_rotation_vector(believed))
    ahead = quaternion.from_rotation_vector(measured)
    return quaternion.multiply(quaternion.multiply(ahead, error), back)

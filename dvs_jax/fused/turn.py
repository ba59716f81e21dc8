"""Estimates the camera's rotation from optical flow.

The rotation is a weighted least-squares fit over the image. A small network predicts the weights
from the residuals of an unweighted fit, which show moving or near things and flow that failed. So
the geometry of the lens need not be learnt, and one network serves every focal length.
"""

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

TURN_TOLD = 5
"""Features of a pair: a rotation vector, its residual, and the share of the image it is based on.
"""

SEEN, HIDDEN = 8, 16
REFINEMENTS = 2

UNIT_RAD = 0.002
"""Unit of the residuals: a third of a pixel in an image of 160 pixels' width."""

_RIDGE = 1e-6


class TurnEncoder(nnx.Module):
    """Estimates the camera's rotation from a pair's flow."""

    def __init__(self, rngs: nnx.Rngs):
        """Initialise the weights; before training all parts of the image weigh the same."""
        shapes = ((SEEN, HIDDEN), (HIDDEN, HIDDEN))
        self.layers = nnx.List([nnx.Linear(*shape, rngs=rngs) for shape in shapes])
        self.vote = nnx.Linear(HIDDEN, 1, kernel_init=nnx.initializers.zeros, rngs=rngs)

    # By default accelerators multiply matrices with 10 bits or less: in the fit, rotations of a
    # hundredth of a degree, which matter, would be lost.
    @jax.default_matmul_precision("highest")
    def __call__(
        self, flow: Float[Array, "height width 4"], focal: Float[Array, "2"]
    ) -> Float[Array, "5"]:
        """Estimate one pair's rotation.

        Args:
            flow: float32, forward (dx, dy) and backward (dx, dy) in fractions of the frame's width
                and height, without the logged change of the lens shift.
            focal: focal length over the frame's width and over its height.

        Returns:
            float32: the rotation vector, in radians, of the camera's pose (world to camera) since
            the previous frame; the logarithm of the weighted RMS residual, in `UNIT_RAD`; and
            that of the share of the image with weight in the fit.
        """
        moved = flow / jnp.tile(focal, 2)[None, None]
        lever = levers(flow.shape[0], flow.shape[1], focal)
        mean = mean_of_ways(moved)
        weight = jnp.full(flow.shape[:2], 1.0 / (flow.shape[0] * flow.shape[1]))
        turn = fit(lever, mean, weight)
        for _ in range(REFINEMENTS):
            weight = self._weigh(_unexplained(lever, moved, turn))
            turn = fit(lever, mean, weight)
        squared = jnp.square(_unexplained(lever, moved, turn)).sum(axis=-1)
        noise = 0.5 * jnp.log((weight * squared).sum() / UNIT_RAD**2 + 1e-4)
        rests_on = -jnp.log(jnp.square(weight).sum() * weight.size)
        return jnp.concatenate([turn, jnp.stack([noise, rests_on])])

    def _weigh(self, unexplained: Float[Array, "height width 4"]) -> Float[Array, "height width"]:
        mean = jnp.sqrt(jnp.square(unexplained).mean(axis=(0, 1)) + 1e-12)
        relative = unexplained / mean[None, None]
        seen = jnp.concatenate([jnp.arcsinh(unexplained / UNIT_RAD), relative], axis=-1)
        for layer in self.layers:
            seen = jax.nn.relu(layer(seen))
        votes = self.vote(seen)
        return jax.nn.softmax(votes.reshape(-1)).reshape(votes.shape[:2])


def levers(height: int, width: int, focal: Float[Array, "2"]) -> Float[Array, "height width 2 3"]:
    """Return the Jacobian of directions (x / z, y / z) by a small rotation about x, y, z."""
    x = ((jnp.arange(width) + 0.5) / width - 0.5)[None] / focal[0]
    y = ((jnp.arange(height) + 0.5) / height - 0.5)[:, None] / focal[1]
    x, y = jnp.broadcast_arrays(x, y)
    across = jnp.stack([-x * y, 1.0 + x * x, -y], axis=-1)
    down = jnp.stack([-(1.0 + y * y), x * y, x], axis=-1)
    return jnp.stack([across, down], axis=-2)


def fit(
    lever: Float[Array, "height width 2 3"],
    moved: Float[Array, "height width 2"],
    weight: Float[Array, "height width"],
) -> Float[Array, "3"]:
    """Return the rotation vector that fits the motion of directions best."""
    normal = jnp.einsum("hw,hwci,hwcj->ij", weight, lever, lever) + _RIDGE * jnp.eye(3)
    right = jnp.einsum("hw,hwci,hwc->i", weight, lever, moved)
    return _solve(normal, right)


def _solve(matrix: Float[Array, "3 3"], right: Float[Array, "3"]) -> Float[Array, "3"]:
    """Solve by Cramer's rule: in large batches much faster than elimination."""
    first, second, third = matrix.T
    cofactors = jnp.stack(
        [jnp.cross(second, third), jnp.cross(third, first), jnp.cross(first, second)]
    )
    return cofactors @ right / (cofactors[0] @ first)


def _unexplained(
    lever: Float[Array, "height width 2 3"],
    moved: Float[Array, "height width 4"],
    turn: Float[Array, "3"],
) -> Float[Array, "height width 4"]:
    return moved - both_ways(lever @ turn)


def mean_of_ways(flow: Float[Array, "height width 4"]) -> Float[Array, "height width 2"]:
    """Return the mean of forward and negated backward flow: second-order terms cancel."""
    return 0.5 * (flow[..., :2] - flow[..., 2:])


def both_ways(forward: Float[Array, "height width 2"]) -> Float[Array, "height width 4"]:
    """Return forward flow and the negated as backward flow."""
    return jnp.concatenate([forward, -forward], axis=-1)

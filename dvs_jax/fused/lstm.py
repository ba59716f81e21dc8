"""The recurrent layer of the fused network."""

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

XAVIER = nnx.initializers.xavier_uniform()

LstmState = tuple[Float[Array, "hidden"], Float[Array, "hidden"]]
"""Hidden and cell."""


class LstmLayer(nnx.Module):
    """An LSTM cell with PyTorch's gate order (input, forget, cell, output) and one bias.

    PyTorch has two biases of the same shape, of which only the sum matters.
    """

    def __init__(self, inputs: int, hidden: int, rngs: nnx.Rngs):
        self.input = nnx.Linear(inputs, 4 * hidden, kernel_init=XAVIER, rngs=rngs)
        self.recurrent = nnx.Linear(
            hidden, 4 * hidden, use_bias=False, kernel_init=XAVIER, rngs=rngs
        )

    def __call__(
        self,
        state: LstmState,
        x: Float[Array, "inputs"],
    ) -> LstmState:
        """Advance one time step."""
        hidden, cell = state
        gates = self.input(x) + self.recurrent(hidden)
        enter, forget, candidate, leave = jnp.split(gates, 4)
        cell = jax.nn.sigmoid(forget) * cell + jax.nn.sigmoid(enter) * jnp.tanh(candidate)
        return jax.nn.sigmoid(leave) * jnp.tanh(cell), cell

"""The part that predicts from the head's motion alone: an LSTM."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from dvs_jax.viewport import baselines, sphere
from dvs_jax.viewport.starvp.architecture import Architecture

_STEPS_SCALE = 10.0
"""Steps of a fifth of a second are about a tenth as long as directions."""


class State(NamedTuple):
    """A layer's state.

    Attributes:
        hidden: float32 [width], its output.
        cell: float32 [width].
    """

    hidden: Float[Array, "width"]
    cell: Float[Array, "width"]


class Layer(nnx.Module):
    """A layer of an LSTM, with gates in the order input, forget, cell, output, and two biases."""

    def __init__(self, inputs: int, width: int, rngs: nnx.Rngs):
        self.of_input = nnx.Linear(inputs, 4 * width, rngs=rngs)
        self.of_state = nnx.Linear(width, 4 * width, rngs=rngs)

    def __call__(self, state: State, x: Float[Array, "input"]) -> State:
        """Return the state after an input."""
        i, f, g, o = jnp.split(self.of_input(x) + self.of_state(state.hidden), 4)
        cell = jax.nn.sigmoid(f) * state.cell + jax.nn.sigmoid(i) * jnp.tanh(g)
        return State(jax.nn.sigmoid(o) * jnp.tanh(cell), cell)


class _Stack(nnx.Module):
    """Layers one upon the other."""

    def __init__(self, inputs: int, width: int, layers: int, rngs: nnx.Rngs):
        self.layers = nnx.List(
            [Layer(inputs if number == 0 else width, width, rngs) for number in range(layers)]
        )
        self.width = width

    def begin(self) -> list[State]:
        """Return the state before the first sample."""
        return [State(jnp.zeros(self.width), jnp.zeros(self.width)) for _ in self.layers]

    def __call__(self, states: list[State], x: Float[Array, "input"]) -> list[State]:
        """Return the states after a sample."""
        after = []
        for layer, state in zip(self.layers, states, strict=True):
            after.append(layer(state, x))
            x = after[-1].hidden
        return after

    def read(self, xs: Float[Array, "sample input"]) -> list[State]:
        """Return the states after a sequence."""
        return jax.lax.scan(lambda states, x: (self(states, x), None), self.begin(), xs)[0]


class Autoregressive(nnx.Module):
    """The paper's: each predicted sample, of any length, is the next one's input."""

    def __init__(self, of: Architecture, rngs: nnx.Rngs):
        self.stack = _Stack(3, of.lstm, of.lstm_layers, rngs)
        self.output = nnx.Linear(of.lstm, 3, rngs=rngs)
        self.future = of.future

    def __call__(self, past: Float[Array, "past 3"]) -> Float[Array, "future 3"]:
        """Predict from unit vectors; the first input of the decoding is the last sample again."""

        def predict(
            carry: tuple[list[State], Float[Array, "3"]], _: None
        ) -> tuple[tuple[list[State], Float[Array, "3"]], Float[Array, "3"]]:
            states = self.stack(*carry)
            sample = self.output(states[-1].hidden)
            return (states, sample), sample

        begin = self.stack.read(past), past[-1]
        return jax.lax.scan(predict, begin, length=self.future)[1]


class FromDamped(nnx.Module):
    """Ours: what is to be added to the damped baseline, for all samples at once."""

    def __init__(self, of: Architecture, rngs: nnx.Rngs):
        self.stack = _Stack(6, of.lstm, of.lstm_layers, rngs)
        self.hidden = nnx.Linear(of.lstm, of.lstm, rngs=rngs)
        # At first it is the baseline itself.
        self.output = nnx.Linear(
            of.lstm, 3 * of.future, kernel_init=nnx.initializers.zeros, rngs=rngs
        )
        self.future, self.tau = of.future, of.tau

    def __call__(self, past: Float[Array, "past 3"]) -> Float[Array, "future 3"]:
        """Predict unit vectors from unit vectors."""
        steps = jnp.diff(past, axis=0, prepend=past[:1])
        states = self.stack.read(jnp.concatenate([past, _STEPS_SCALE * steps], axis=-1))
        offset = self.output(jax.nn.relu(self.hidden(states[-1].hidden))).reshape(-1, 3)
        return sphere.normalize(baselines.damped(past, self.future, self.tau) + offset)

"""The part that predicts from the head's motion alone: an LSTM."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Int

from dvs_jax.viewport import baselines, sphere
from dvs_jax.viewport.cues import EYES, Cues
from dvs_jax.viewport.starvp.architecture import Architecture

_STEPS_SCALE = 10.0
"""Steps of a fifth of a second are about a tenth as long as directions."""


EMBEDDING = 32
"""Numbers that describe a viewer."""

_SPREAD = 0.1
"""Of these before training."""


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

    def read(self, xs: Float[Array, "sample input"], begin: list[State] | None) -> list[State]:
        """Return the states after a sequence, from given ones or from zero."""
        begin = self.begin() if begin is None else begin
        return jax.lax.scan(lambda states, x: (self(states, x), None), begin, xs)[0]


class Viewers(nnx.Module):
    """What is known of each viewer, and how the LSTM begins with it."""

    def __init__(self, of: Architecture, rngs: nnx.Rngs):
        known = jax.random.normal(rngs.params(), (1 + len(of.viewers), EMBEDDING))
        # The first row is of those who are not known.
        self.table = nnx.Param(_SPREAD * known)
        self.hidden = nnx.Linear(EMBEDDING, of.lstm_layers * of.lstm, rngs=rngs)
        self.cell = nnx.Linear(EMBEDDING, of.lstm_layers * of.lstm, rngs=rngs)
        self.layers = of.lstm_layers

    def __call__(self, viewer: Int[Array, ""]) -> list[State]:
        """Return the LSTM's state before the first sample, of a row of the table."""
        known = self.table[...][viewer]
        both = (jnp.tanh(layer(known)) for layer in (self.hidden, self.cell))
        parts = (jnp.split(each, self.layers) for each in both)
        return [State(*each) for each in zip(*parts, strict=True)]


def _eyes(of: Architecture) -> int:
    return 3 + EYES if of.eye else 0


def _read_of(cues: Cues, eye: bool) -> Float[Array, "past eye"]:
    """What the LSTM reads of the eyes: nothing without the switch."""
    read = jnp.concatenate([cues.gaze, cues.eyes], axis=-1)
    return read if eye else read[:, :0]


class Autoregressive(nnx.Module):
    """The paper's: each predicted sample, of any length, is the next one's input."""

    def __init__(self, of: Architecture, rngs: nnx.Rngs):
        self.stack = _Stack(3 + _eyes(of), of.lstm, of.lstm_layers, rngs)
        self.output = nnx.Linear(of.lstm, 3, rngs=rngs)
        self.future, self.eye = of.future, of.eye

    def __call__(
        self, past: Float[Array, "past 3"], cues: Cues, begin: list[State] | None
    ) -> Float[Array, "future 3"]:
        """Predict from unit vectors; the first input of the decoding is the last sample again.

        Args:
            past: the head's directions.
            cues: what the eyes did; they stay as they were last.
            begin: the LSTM's state before the first sample; None for zero.
        """
        eyes = _read_of(cues, self.eye)

        def predict(
            carry: tuple[list[State], Float[Array, "3"]], _: None
        ) -> tuple[tuple[list[State], Float[Array, "3"]], Float[Array, "3"]]:
            states = self.stack(carry[0], jnp.concatenate([carry[1], eyes[-1]]))
            sample = self.output(states[-1].hidden)
            return (states, sample), sample

        seen = self.stack.read(jnp.concatenate([past, eyes], axis=-1), begin)
        return jax.lax.scan(predict, (seen, past[-1]), length=self.future)[1]


class FromDamped(nnx.Module):
    """Ours: what is to be added to the damped baseline, for all samples at once."""

    def __init__(self, of: Architecture, rngs: nnx.Rngs):
        self.stack = _Stack(6 + _eyes(of), of.lstm, of.lstm_layers, rngs)
        self.hidden = nnx.Linear(of.lstm, of.lstm, rngs=rngs)
        # At first it is the baseline itself.
        self.output = nnx.Linear(
            of.lstm, 3 * of.future, kernel_init=nnx.initializers.zeros, rngs=rngs
        )
        self.future, self.tau, self.eye = of.future, of.tau, of.eye

    def __call__(
        self, past: Float[Array, "past 3"], cues: Cues, begin: list[State] | None
    ) -> Float[Array, "future 3"]:
        """Predict unit vectors from unit vectors; see `Autoregressive`."""
        steps = _STEPS_SCALE * jnp.diff(past, axis=0, prepend=past[:1])
        read = jnp.concatenate([past, steps, _read_of(cues, self.eye)], axis=-1)
        states = self.stack.read(read, begin)
        offset = self.output(jax.nn.relu(self.hidden(states[-1].hidden))).reshape(-1, 3)
        return sphere.normalize(baselines.damped(past, self.future, self.tau) + offset)

"""The fused network in Flax NNX: the flow encoder and the recurrent core of DVS (`dvs/model.py`).

Both work on one sample without a batch axis; `jax.vmap` makes batches.
"""

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float

from dvs_jax import quaternion
from dvs_jax.fused.architecture import (
    FLOW_FEATURES,
    TURN_FEATURES,
    Activation,
    Architecture,
    Convolution,
    FullyConnected,
)
from dvs_jax.fused.fusion import Fusion
from dvs_jax.fused.lstm import XAVIER, LstmLayer, LstmState
from dvs_jax.fused.turn import TurnEncoder

ENCODER_CHANNELS = (8, 16, 32, 64, 128)
ENCODER_POOL = 4

ACTIVATIONS: dict[Activation, Callable[[jax.Array], jax.Array]] = {
    "sigmoid": jax.nn.sigmoid,
    "relu": jax.nn.relu,
    "tanh": jnp.tanh,
    "quadratic": jnp.square,
    "none": lambda x: x,
}

FIRST_FILTERS = 0.1
"""Scale of a filter's output relative to its input before training."""

LstmStates = tuple[LstmState, ...]
"""One per layer."""


class FlowEncoder(nnx.Module):
    """Encodes a pair's forward and backward flow as a vector: convolutions, pooled to one pixel.

    The official program calls it UNet; it has no decoder.
    """

    def __init__(self, rngs: nnx.Rngs):
        """Draw the weights."""
        inputs = (4, *ENCODER_CHANNELS[:-1])
        self.convolutions = nnx.List(
            [
                nnx.Conv(before, after, (3, 3), padding=1, kernel_init=XAVIER, rngs=rngs)
                for before, after in zip(inputs, ENCODER_CHANNELS, strict=True)
            ]
        )
        self.linear = nnx.Linear(ENCODER_CHANNELS[-1], FLOW_FEATURES, kernel_init=XAVIER, rngs=rngs)

    def __call__(
        self, flow: Float[Array, "height width 4"], focal: Float[Array, "2"]
    ) -> Float[Array, "64"]:
        """Encode one pair.

        Args:
            flow: float32, forward (dx, dy) and backward (dx, dy), normalised; 270 × 480 leaves
                exactly one pixel after the last pooling, larger sizes are averaged.
            focal: ignored: the paper's network assumes one camera.
        """
        x = jax.nn.relu(self.convolutions[0](flow.astype(self.linear.kernel.dtype)))
        for convolution in self.convolutions[1:]:
            window = (min(ENCODER_POOL, x.shape[0]), min(ENCODER_POOL, x.shape[1]))
            x = jax.nn.relu(convolution(nnx.max_pool(x, window, strides=window)))
        return jax.nn.relu(self.linear(x.mean(axis=(0, 1))))


class InputConvolution(nnx.Module):
    """One of the optional convolutions over the input vector."""

    def __init__(self, inputs: int, layer: Convolution, rngs: nnx.Rngs):
        self.layer = layer
        self.convolution = nnx.Conv(
            inputs,
            layer.channels,
            (layer.kernel,),
            strides=layer.stride,
            padding=layer.kernel // 2,
            kernel_init=XAVIER,
            rngs=rngs,
        )
        self.norm = nnx.BatchNorm(layer.channels, rngs=rngs) if layer.batch_norm else None

    def __call__(self, x: Float[Array, "length channel"]) -> Float[Array, "shorter channels"]:
        """Convolve, normalise, activate, pool."""
        x = self.convolution(x)
        if self.norm is not None:
            x = self.norm(x)
        x = ACTIVATIONS[self.layer.activation](x)
        window = (self.layer.pool,)
        return nnx.max_pool(x, window, strides=window)


class FullyConnectedLayer(nnx.Module):
    """Dropout while training, a linear layer and its activation, in the order of `dvs/model.py`."""

    def __init__(self, inputs: int, layer: FullyConnected, rngs: nnx.Rngs):
        self.layer = layer
        self.linear = nnx.Linear(inputs, layer.features, kernel_init=XAVIER, rngs=rngs)
        self.dropout = nnx.Dropout(layer.dropout, rngs=rngs) if layer.dropout else None

    def __call__(self, x: Float[Array, "inputs"]) -> Float[Array, "features"]:
        """Return the layer's output for one sample."""
        if self.dropout is not None:
            x = self.dropout(x)
        return ACTIVATIONS[self.layer.activation](self.linear(x))


class FilterBank(nnx.Module):
    """Linear maps from the input to the rotation Δq, weighted by the recurrent layers' output."""

    def __init__(self, architecture: Architecture, hidden: int, rngs: nnx.Rngs):
        self.count = architecture.filters
        self.blend = nnx.Linear(hidden, self.count, kernel_init=XAVIER, rngs=rngs)
        self.maps = nnx.Linear(
            architecture.input_features,
            self.count * TURN_FEATURES,
            use_bias=False,
            kernel_init=nnx.initializers.normal(FIRST_FILTERS / architecture.input_features),
            rngs=rngs,
        )

    def __call__(
        self, hidden: Float[Array, "hidden"], x: Float[Array, "features"]
    ) -> Float[Array, "4"]:
        """Return the weighted sum of the maps' outputs.

        Args:
            hidden: the recurrent layers' output, from which the weights are computed.
            x: the input vector, its poses in units of `turn_unit`.
        """
        share = jax.nn.softmax(self.blend(hidden))
        return share @ self.maps(x).reshape(self.count, TURN_FEATURES)


class Core(nnx.Module):
    """The recurrent core: relative poses and flow features in, next virtual rotation out."""

    def __init__(self, architecture: Architecture, rngs: nnx.Rngs):
        self.architecture = architecture
        convolutions, channels = [], 1
        for layer in architecture.convolutions:
            convolutions.append(InputConvolution(channels, layer, rngs))
            channels = layer.channels
        self.convolutions = nnx.List(convolutions)
        lstm, inputs = [], architecture.lstm_inputs
        for hidden in architecture.lstm:
            lstm.append(LstmLayer(inputs, hidden, rngs))
            inputs = hidden
        self.lstm = nnx.List(lstm)
        connected = []
        for connection in architecture.fully_connected:
            connected.append(FullyConnectedLayer(inputs, connection, rngs))
            hidden, inputs = inputs, connection.features
        self.fully_connected = nnx.List(connected)
        self.filters = FilterBank(architecture, hidden, rngs) if architecture.filters else None
        self.fusion = Fusion(architecture.fusion, rngs) if architecture.fusion else None

    @property
    def dtype(self) -> jnp.dtype:
        """The dtype in which the network computes: that of its weights."""
        return self.lstm[0].recurrent.kernel.dtype

    def initial_state(self) -> LstmStates:
        """Return the state before a clip: zeros."""
        sizes = self.architecture.lstm
        return tuple((jnp.zeros(size, self.dtype), jnp.zeros(size, self.dtype)) for size in sizes)

    def __call__(
        self, state: LstmStates, x: Float[Array, "features"]
    ) -> tuple[LstmStates, Float[Array, "4"]]:
        """Advance one time step.

        Args:
            state: the state after the previous step.
            x: float32 input vector (see `features`).

        Returns:
            The new state and the rotation Δq, [x, y, z, w], unit norm, float32.
        """
        in_units = (x * _input_scale(self.architecture)).astype(self.dtype)
        image = (in_units if self.filters is None else jnp.arcsinh(in_units))[:, None]
        for convolution in self.convolutions:
            image = convolution(image)
        x = image.reshape(-1)
        advanced = []
        for cell, before in zip(self.lstm, state, strict=True):
            advanced.append(cell(before, x))
            x = advanced[-1][0]
        *hidden_layers, last = self.fully_connected
        for connected in hidden_layers:
            x = connected(x)
        out = last(x) if self.filters is None else last(x) + self.filters(x, in_units)
        unit = self.architecture.turn_unit
        turn = out.astype(jnp.float32) * jnp.asarray([unit, unit, unit, 1.0])
        return tuple(advanced), quaternion.normalize(turn)


def _input_scale(architecture: Architecture) -> Float[np.ndarray, "features"]:
    unit = architecture.turn_unit
    poses = np.tile([1.0 / unit, 1.0 / unit, 1.0 / unit, 1.0], architecture.pose_features // 4)
    others = np.ones(architecture.input_features - architecture.pose_features)
    return np.append(poses, others).astype(np.float32)


class FusedNetwork(nnx.Module):
    """The whole model: the core, and the flow encoder where the architecture has one."""

    def __init__(self, architecture: Architecture, rngs: nnx.Rngs):
        self.architecture = architecture
        self.core = Core(architecture, rngs)
        self.encoder = _encoder(architecture, rngs)


def _encoder(architecture: Architecture, rngs: nnx.Rngs) -> FlowEncoder | TurnEncoder | None:
    if not architecture.flow:
        return None
    if architecture.fusion:
        return TurnEncoder(rngs)
    return FlowEncoder(rngs)


def without_weights(wanted: Architecture) -> FusedNetwork:
    """Return a network with shapes in place of weights, to be loaded without initialising first.

    It is for inference: dropout, which would need random keys, is left out of the modules, but
    stays in the architecture.
    """
    layers = tuple(dataclasses.replace(layer, dropout=0.0) for layer in wanted.fully_connected)
    built = dataclasses.replace(wanted, fully_connected=layers)
    network = nnx.eval_shape(lambda: FusedNetwork(built, nnx.Rngs(0)))
    network.architecture = network.core.architecture = wanted
    return network

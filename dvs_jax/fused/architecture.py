"""A fused network's architecture: layers, sizes, and the form of its input."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from dvs_jax.errors import InputError, reading

Activation = Literal["sigmoid", "relu", "tanh", "quadratic", "none"]

REAL_POSES_EACH_SIDE = 10
VIRTUAL_POSES = 2
SAMPLE_INTERVAL_NS = 40_000_000
FLOW_FEATURES = 64
TURN_FEATURES = 4

_MOST_LAYERS, _LARGEST_COUNT = 64, 1 << 16
"""Larger values mean a damaged description, and would exhaust the memory."""


@dataclass(frozen=True)
class Convolution:
    """One layer of the optional convolutions over the input vector, before the LSTM.

    Attributes:
        channels: output channels.
        kernel: width of the kernel, zero padded to keep the length at stride 1.
        stride: step of the kernel.
        pool: window and step of the max-pooling that follows, 1 for none.
        batch_norm: whether batch normalisation precedes the activation.
        activation: the activation function that follows.
    """

    channels: int
    kernel: int = 3
    stride: int = 1
    pool: int = 1
    batch_norm: bool = False
    activation: Activation = "relu"

    def output_length(self, length: int) -> int:
        """Return the output's length for an input of `length`; 0 if too little is left to pool."""
        if length == 0:
            return 0
        unpooled = (length + 2 * (self.kernel // 2) - self.kernel) // self.stride + 1
        return unpooled // self.pool


@dataclass(frozen=True)
class FullyConnected:
    """One fully connected layer after the LSTM."""

    features: int
    activation: Activation = "none"
    dropout: float = 0.0


@dataclass(frozen=True)
class Architecture:
    """A fused network's structure; the defaults are those of DVS (`dvs/model.py`).

    Attributes:
        flow: whether the network reads optical flow. Without `fusion` it is encoded and fed to the
            core (156 inputs); else the core sees poses alone (92 inputs).
        convolutions: layers in front of the LSTM.
        lstm: hidden sizes of the LSTM layers.
        fully_connected: layers behind the LSTM; the last has four features.
        turn_unit: scale of the input and output quaternions: the network sees an x, y or z of this
            size as 1. Poses differ by hundredths of a radian within 40 ms; unscaled, they would
            hardly affect the network.
        filters: how many linear maps lead from the input directly to the rotation Δq, 0 for none.
            The recurrent layers compute their weights at every step: smoothing is linear, but its
            strength depends on how much the camera moves. Those layers then read the input's
            inverse hyperbolic sine, so that fast motion does not saturate them.
        fusion: hidden size of the recurrent layer that corrects the gyro by optical flow (see
            `fusion.Fusion`); the core then reads poses alone. 0 for none: flow, if any, is encoded
            for the core as in the paper.
        flow_size: width and height to which flow is resized for the encoder.
        poses_each_side: how many real poses, 40 ms apart, the network reads before the current
            time, and how many after: its look-ahead. The paper's 10 are 400 ms.
        official: whether input is prepared with the official program's quirks, as its own weights
            need: the identity beyond the gyro log's ends, flow divided by the other axis' size
            (see `features.normalize_flow`), soft shrinkage of the output.
    """

    flow: bool = True
    convolutions: tuple[Convolution, ...] = ()
    lstm: tuple[int, ...] = (512, 512)
    fully_connected: tuple[FullyConnected, ...] = (FullyConnected(256, "relu"), FullyConnected(4))
    turn_unit: float = 1.0
    filters: int = 0
    fusion: int = 0
    flow_size: tuple[int, int] = (480, 270)
    poses_each_side: int = REAL_POSES_EACH_SIDE
    official: bool = False

    @property
    def input_features(self) -> int:
        """Length of the core's input vector."""
        return self.pose_features + (FLOW_FEATURES if self.flow and not self.fusion else 0)

    @property
    def pose_features(self) -> int:
        """How many elements of the input vector are poses; they come first."""
        return 4 * (2 * self.poses_each_side + 1 + VIRTUAL_POSES)

    @property
    def sees_no_even_turn(self) -> bool:
        """Whether the camera's even turn is taken out of the core's input (see `even_turn`).

        It is for networks of our own whose core reads poses alone.
        """
        return not self.official and self.input_features == self.pose_features

    @property
    def look_ahead_ns(self) -> int:
        """The network's look-ahead, and so its latency, in nanoseconds."""
        return self.poses_each_side * SAMPLE_INTERVAL_NS

    @property
    def lstm_inputs(self) -> int:
        """Length of the first LSTM layer's input vector, after the convolutions."""
        length, channels = self.input_features, 1
        for layer in self.convolutions:
            length, channels = layer.output_length(length), layer.channels
        return length * channels


def to_dict(architecture: Architecture) -> dict[str, Any]:
    """Return the architecture as plain containers, for a checkpoint's metadata."""
    return dataclasses.asdict(architecture)


def from_dict(fields: Any, file: Path) -> Architecture:
    """Return the architecture of which `fields` is the `to_dict`.

    Args:
        fields: its plain containers, as read from a file.
        file: where they come from, named in errors.

    Raises:
        InputError: a field is unknown, incomplete, or has an impossible value.
    """
    with reading(file, "holds no description of a fused network"):
        layers = {
            "convolutions": tuple(Convolution(**layer) for layer in fields["convolutions"]),
            "fully_connected": tuple(FullyConnected(**each) for each in fields["fully_connected"]),
            "lstm": tuple(fields["lstm"]),
            "flow_size": tuple(fields.get("flow_size", Architecture.flow_size)),
        }
        architecture = Architecture(**{**fields, **layers})
        for setting, value, possible in _settings(architecture):
            if not possible:
                found = repr(value)[:60]
                raise InputError(f"{file}: describes no possible network: {setting} is {found}")
    return architecture


def _settings(architecture: Architecture) -> Iterator[tuple[str, Any, bool]]:
    """Yield every setting's name and value, and whether the value is possible."""
    for name in ("convolutions", "lstm", "fully_connected"):
        count = len(getattr(architecture, name))
        yield f"{name} (how many)", count, count <= _MOST_LAYERS
    for name in ("flow", "official"):
        yield name, getattr(architecture, name), isinstance(getattr(architecture, name), bool)
    for i, layer in enumerate(architecture.convolutions):
        for name, value in dataclasses.asdict(layer).items():
            yield f"convolutions.{i}.{name}", value, _is_possible(name, value)
    unit = architecture.turn_unit
    yield "turn_unit", unit, isinstance(unit, int | float) and 0.0 < unit <= 1.0
    size = architecture.flow_size
    yield "flow_size", size, len(size) == 2 and all(_is_count(side) for side in size)
    filters = architecture.filters
    yield "filters", filters, filters == 0 or _is_count(filters)
    fusion = architecture.fusion
    possible = fusion == 0 or (_is_count(fusion) and architecture.flow)
    yield "fusion (of flow, which has to be there)", fusion, possible
    each_side = architecture.poses_each_side
    yield "poses_each_side", each_side, _is_count(each_side) and each_side >= VIRTUAL_POSES
    left = architecture.lstm_inputs
    yield "convolutions (how many numbers they leave)", left, left > 0
    yield "lstm", architecture.lstm, len(architecture.lstm) > 0
    for i, hidden in enumerate(architecture.lstm):
        yield f"lstm.{i}", hidden, _is_count(hidden)
    for i, connected in enumerate(architecture.fully_connected):
        for name, value in dataclasses.asdict(connected).items():
            yield f"fully_connected.{i}.{name}", value, _is_possible(name, value)
    sizes = [layer.features for layer in architecture.fully_connected]
    name = f"fully_connected (features, the last of which is {TURN_FEATURES})"
    yield name, sizes, sizes[-1:] == [TURN_FEATURES]


def _is_possible(name: str, value: Any) -> bool:
    match name:
        case "activation":
            return value in get_args(Activation)
        case "batch_norm":
            return isinstance(value, bool)
        case "dropout":
            return isinstance(value, int | float) and 0.0 <= value < 1.0
        case _:
            return _is_count(value)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 < value <= _LARGEST_COUNT

"""Sizes and switches of STAR-VP."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from dvs_jax.errors import InputError
from dvs_jax.viewport.windows import FUTURE, PAST

ENCODINGS = ("fourier", "sinusoid")


@dataclass(frozen=True)
class Architecture:
    """What a network consists of; the defaults are the paper's, as far as it is known.

    Attributes:
        past: samples seen.
        future: samples predicted.
        points: of each sample's saliency.
        lstm: width of the LSTM's layers.
        lstm_layers: how many it has.
        width: of the tokens; encodings of position and token have as much together.
        heads: of attention.
        mlp: width of the hidden layer behind attention.
        blocks: self-attention blocks, and as many blocks of cross-attention, of either stage.
        position: width of the positions' encoding.
        gate: width of the gate's hidden layer.
        encoding: of positions: "fourier", or "sinusoid".
        turn: whether each window is turned about the vertical so that its last direction lies at
            azimuth 0, and what is predicted turned back.
        residual: whether the content's prediction is an offset from the last direction.
        damped_prior: whether the motion's prediction is an offset from the damped baseline; the
            LSTM then reads directions and steps, and predicts all samples at once.
        tau: that baseline's time constant in samples.
        detached: whether the content's part leaves the motion's prediction as it is in training.
        eye: whether the LSTM reads the eyes beside the head.
        gaze_query: whether the gaze is part of each instant's question to the saliency.
        face: whether the gate knows the face.
        viewers: whom the LSTM knows, by name; with none it tells no viewers apart.
        motion_alone: whether nothing but the motion's prediction is made.
    """

    past: int = PAST
    future: int = FUTURE
    points: int = 128
    lstm: int = 256
    lstm_layers: int = 2
    width: int = 256
    heads: int = 8
    mlp: int = 1024
    blocks: int = 2
    position: int = 129
    gate: int = 128
    encoding: str = "fourier"
    turn: bool = False
    residual: bool = False
    damped_prior: bool = False
    tau: float = 2.0
    detached: bool = False
    eye: bool = False
    gaze_query: bool = False
    face: bool = False
    viewers: tuple[str, ...] = ()
    motion_alone: bool = False

    @property
    def steps(self) -> int:
        """Samples seen and predicted."""
        return self.past + self.future


def to_dict(architecture: Architecture) -> dict[str, Any]:
    """Return the fields as JSON values."""
    return asdict(architecture)


def from_dict(values: Mapping[str, Any], file: Path) -> Architecture:
    """Return the architecture of a checkpoint or config.

    Args:
        values: fields by name; those left out have their defaults.
        file: where they come from, for messages.

    Raises:
        InputError: a field is unknown or makes no sense; it is named.
    """
    types = {field.name: type(field.default) for field in fields(Architecture)}
    if unknown := sorted(values.keys() - types.keys()):
        raise InputError(f"{file}: no field of a STAR-VP is called {', '.join(unknown)}")
    # JSON knows no tuples.
    values = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }
    for name, value in values.items():
        if type(value) is not types[name]:
            raise InputError(f"{file}: {name} is {value!r}, not of type {types[name].__name__}")
    found = Architecture(**values)
    _require_sound(found, file)
    return found


def _require_sound(found: Architecture, file: Path) -> None:
    numbers = ("past", "future", "points", "lstm", "lstm_layers", "width", "heads", "mlp", "blocks")
    for name in (*numbers, "gate"):
        if getattr(found, name) < 1:
            raise InputError(f"{file}: {name} is {getattr(found, name)}; it has to be 1 or more")
    if found.past < 2:
        raise InputError(f"{file}: past is 1, and one sample tells of no motion; give 2 or more")
    if found.width % found.heads:
        raise InputError(
            f"{file}: width {found.width} cannot be shared by {found.heads} heads; give a multiple"
        )
    if not 3 <= found.position < found.width:
        raise InputError(
            f"{file}: position is {found.position}; it has to be from 3 to below the width"
        )
    if found.position % 2 == 0 and found.encoding == "fourier":
        raise InputError(f"{file}: position is {found.position}; fourier needs an odd number")
    if found.encoding not in ENCODINGS:
        raise InputError(f"{file}: encoding {found.encoding!r} is none of {', '.join(ENCODINGS)}")
    if found.tau <= 0.0:
        raise InputError(f"{file}: tau is {found.tau}; it has to be above 0")

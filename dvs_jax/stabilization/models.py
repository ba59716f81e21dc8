"""Networks loaded as methods, or converted, by the system that their file belongs to."""

import dataclasses
from pathlib import Path

from dvs_jax import checkpoint, pretrained, torch_file
from dvs_jax.camera_path import CameraPath
from dvs_jax.clip import Clip
from dvs_jax.errors import InputError
from dvs_jax.flow import Estimator, raft_weights
from dvs_jax.fused import convert as fused
from dvs_jax.fused import prediction, weights
from dvs_jax.fused.clip_flow import estimator_for
from dvs_jax.fused.method import FusedMethod
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.methods import Method
from dvs_jax.progress import Track, silently

DEFAULT_MODEL = weights.DEFAULT_MODEL


def load_model(
    which: str | Path,
    flow_estimator: str | Estimator = "auto",
    flow_weights: Path | None = None,
) -> FusedMethod:
    """Load a network as a method, of whichever system it is.

    Args:
        which: an Orbax folder, an official PyTorch checkpoint, or the name of pretrained weights.
        flow_estimator: what makes flow, for a network that reads it (see `FusedMethod`).
        flow_weights: RAFT weights for it to take instead of published ones.

    Raises:
        InputError: it is none of these, of no system that is known, or its tensors do not fit.
    """
    path = Path(which) if Path(which).exists() else pretrained.locate(str(which))
    kind = _kind_of(path)
    if kind not in _LOADERS:
        known = ", ".join(_LOADERS)
        raise InputError(f"{path}: holds a model of kind {kind!r}, which is none of {known}")
    return _LOADERS[kind](path, flow_estimator, flow_weights)


def _kind_of(path: Path) -> str:
    # A file is taken for an official DVS checkpoint; its reader raises where it is none.
    return str(checkpoint.metadata(path).get("kind")) if path.is_dir() else weights.KIND


def _fused(path: Path, flow_estimator: str | Estimator, flow_weights: Path | None) -> FusedMethod:
    network = weights.load(path)
    if flow_weights is not None and isinstance(flow_estimator, str) and network.encoder is not None:
        official = network.architecture.official
        flow_estimator = estimator_for(flow_estimator, official, flow_weights)
    return FusedMethod(network, flow_estimator)


_LOADERS = {weights.KIND: _fused}
"""The loader for each kind of checkpoint; a new system adds its own here."""


def as_method(model: Method | FusedNetwork, flow_estimator: str | Estimator = "auto") -> Method:
    """Return a network as a method; a method is one already.

    Args:
        model: what `load_model` returned, a network, or any method.
        flow_estimator: makes flow for a fused network; "auto" leaves it to a loaded one's own.
    """
    if isinstance(model, FusedNetwork):
        return FusedMethod(model, flow_estimator)
    if isinstance(model, FusedMethod) and flow_estimator != "auto":
        return dataclasses.replace(model, flow_estimator=flow_estimator)
    return model


def predict_trajectory(
    model: FusedMethod | FusedNetwork,
    clip: Clip,
    flow_estimator: str | Estimator = "auto",
    track: Track = silently,
    strength: float | None = None,
) -> CameraPath:
    """Predict the virtual camera's path, not yet limited to what the frames cover.

    Args:
        model: what `load_model` returned, or a fused network.
        clip: the clip; its flow files are used where there are any.
        flow_estimator: see `as_method`.
        track: told of every pair of frames whose flow is made.
        strength: see `fused.prediction.predict_trajectory`.

    Returns:
        One pose a frame, at the frames' centre times.

    Raises:
        InputError: the clip has no gyro, or the video or a flow file cannot be read.
    """
    method = as_method(model, flow_estimator)
    assert isinstance(method, FusedMethod)
    maker = method.flow_estimator
    return prediction.predict_trajectory(method.network, clip, maker, track, strength)


def convert(file: Path, out: Path) -> None:
    """Write an official DVS or RAFT checkpoint's weights as an Orbax folder.

    Raises:
        InputError: the file is neither, a tensor does not fit, or `out` exists already.
    """
    content = torch_file.read(file)
    if fused.is_official(content):
        weights.save(fused.from_official(content, file), out)
    elif any(isinstance(name, str) and "fnet." in name for name in content):
        raft_weights.convert(file, out)
    else:
        raise InputError(
            f"{file}: no official DVS checkpoint (a state_dict with rnns.*) and no RAFT weights "
            "(fnet.*)"
        )

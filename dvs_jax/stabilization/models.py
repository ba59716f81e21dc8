"""Networks loaded as methods, or converted, by the system that their file belongs to."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

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
from dvs_jax.stabgan import official_weights as stabgan
from dvs_jax.stabgan import weights as stabgan_weights
from dvs_jax.stabgan.method import StabGanMethod
from dvs_jax.stabgan.official_method import OfficialStabGanMethod
from dvs_jax.stabnet import official_weights as stabnet
from dvs_jax.stabnet import tensor_bundle
from dvs_jax.stabnet import weights as stabnet_weights
from dvs_jax.stabnet.method import StabNetMethod
from dvs_jax.stabnet.official_method import OfficialStabNetMethod
from dvs_jax.viewport.paver import published as paver
from dvs_jax.viewport.paver import weights as paver_weights
from dvs_jax.viewport.starvp import published as starvp
from dvs_jax.viewport.starvp import weights as starvp_weights

DEFAULT_MODEL = weights.DEFAULT_MODEL

_OF_VIEWPORTS = (starvp_weights.KIND, paver_weights.DECODER, paver_weights.TRANSFORMER)


def load_model(
    which: str | Path,
    flow_estimator: str | Estimator = "auto",
    flow_weights: Path | None = None,
) -> Method:
    """Load a network as a method, of whichever system it is.

    Args:
        which: an Orbax folder; an official PyTorch checkpoint; the `.index` file of StabNet's in
            TensorFlow; or the name of pretrained weights.
        flow_estimator: what makes flow, for a network that reads it (see `FusedMethod`).
        flow_weights: RAFT weights for it to take instead of published ones.

    Raises:
        InputError: it is none of these, of no system that is known, or its tensors do not fit.
    """
    path = Path(which) if Path(which).exists() else pretrained.locate(str(which))
    kind = _kind_of(path)
    if kind in _OF_VIEWPORTS:
        raise InputError(
            f"{path}: predicts where viewers of 360° videos look, and stabilises nothing; use "
            "dvs-jax viewport predict, or dvs_jax.viewport.load_model"
        )
    if kind not in _LOADERS:
        known = ", ".join(_LOADERS)
        raise InputError(f"{path}: holds a model of kind {kind!r}, which is none of {known}")
    return _LOADERS[kind](path, flow_estimator, flow_weights)


def _kind_of(path: Path) -> str:
    if path.is_dir():
        return str(checkpoint.metadata(path).get("kind"))
    if path.suffix == tensor_bundle.SUFFIX:
        return stabnet.KIND
    content = torch_file.read(path)
    # What is of no other system is taken for DVS's; its reader raises where it is none.
    return next((kind for kind, is_of in _OFFICIAL.items() if is_of(content)), weights.KIND)


_OFFICIAL: dict[str, Callable[[Mapping[Any, Any]], bool]] = {
    stabnet.KIND: stabnet.is_port,
    stabgan.KIND: stabgan.is_official,
    starvp_weights.KIND: starvp.is_published,
    paver_weights.DECODER: paver.is_decoder,
    paver_weights.TRANSFORMER: paver.is_transformer,
}
"""What tells published files of a system."""


def _fused(path: Path, flow_estimator: str | Estimator, flow_weights: Path | None) -> FusedMethod:
    network = weights.load(path)
    if flow_weights is not None and isinstance(flow_estimator, str) and network.encoder is not None:
        official = network.architecture.official
        flow_estimator = estimator_for(flow_estimator, official, flow_weights)
    return FusedMethod(network, flow_estimator)


def _stabnet(path: Path, *_: Any) -> Method:
    if path.is_dir() and checkpoint.metadata(path).get("architecture") == stabnet_weights.OURS:
        return StabNetMethod(stabnet_weights.load(path))
    return OfficialStabNetMethod(stabnet.load(path))


def _stabgan(path: Path, *_: Any) -> Method:
    if path.is_dir() and checkpoint.metadata(path).get("architecture") == stabgan_weights.OURS:
        return StabGanMethod(stabgan_weights.load(path))
    return OfficialStabGanMethod(stabgan.load(path))


_LOADERS: dict[str, Callable[..., Method]] = {
    weights.KIND: _fused,
    stabnet.KIND: _stabnet,
    stabgan.KIND: _stabgan,
}
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
    model: Method | FusedNetwork,
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
        InputError: the model finds no path of a camera, the clip has no gyro, or the video or a
            flow file cannot be read.
    """
    method = as_method(model, flow_estimator)
    if not isinstance(method, FusedMethod):
        raise InputError(
            f"{clip.name}: a model that goes by frames alone finds no path of a camera; name a "
            "model of DVS, or stabilise with this one"
        )
    maker = method.flow_estimator
    return prediction.predict_trajectory(method.network, clip, maker, track, strength)


def convert(file: Path, out: Path) -> None:
    """Write the weights of a published checkpoint as an Orbax folder.

    Args:
        file: of DVS, RAFT, StabNet (the PyTorch port's file, or TensorFlow's `.index`), StabGAN's
            generator, STAR-VP (a public reproduction's), PAVER's decoder, or a vision transformer
            (timm's file, or Google's `.npz`).
        out: the folder to make.

    Raises:
        InputError: the file is none of these, a tensor does not fit, or `out` exists already.
    """
    if file.suffix == tensor_bundle.SUFFIX:
        return stabnet.save(stabnet.from_tensorflow(file), out)
    if file.suffix == paver.GOOGLES_SUFFIX:
        return paver_weights.save_transformer(paver.transformer(file), out)
    content = torch_file.read(file)
    if fused.is_official(content):
        return weights.save(fused.from_official(content, file), out)
    if any(isinstance(name, str) and "fnet." in name for name in content):
        return raft_weights.convert(file, out)
    if stabnet.is_port(content):
        return stabnet.save(stabnet.from_port(content, file), out)
    if stabgan.is_official(content):
        return stabgan.save(stabgan.generator_from(content, file), out)
    if starvp.is_published(content):
        return starvp_weights.save(starvp.from_content(content, file), out)
    if paver.is_decoder(content):
        return paver_weights.save_decoder(paver.decoder(content, file), out)
    if paver.is_transformer(content):
        return paver_weights.save_transformer(paver.from_timm(content, file), out)
    raise InputError(
        f"{file}: no published checkpoint of DVS (a state_dict with rnns.*), RAFT (fnet.*), "
        "StabNet (resnet50.*), StabGAN (encoder.*, regressor.*), STAR-VP (spatial_attn.*), PAVER "
        "(attn_layer.*) or a vision transformer (patch_embed.*)"
    )

"""Loads the networks that find and outline people, and sees that they are those."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from dvs_jax import tflite
from dvs_jax.errors import InputError
from dvs_jax.pretrained import locate_in
from dvs_jax.subject import detector, landmarks, mask_networks
from dvs_jax.tflite import Network

POSE_MODELS = ("full", "lite", "heavy")
MASK_MODELS = ("general", "landscape")

_DETECTOR, _LANDMARKS = "pose_detector.tflite", "pose_landmarks_detector.tflite"


class PoseNetworks(NamedTuple):
    """BlazePose.

    Attributes:
        detector: see `detector.candidates`.
        landmarks: see `landmarks.poses`.
        selfie: a model for selfies, see `mask_networks.masks`, where its masks are wanted.
    """

    detector: Network
    landmarks: Network
    selfie: Network | None = None


def load_pose(which: str | Path = "full", folder: Path | None = None) -> PoseNetworks:
    """Load BlazePose.

    Args:
        which: "full", "lite" or "heavy", or a `.task` file.
        folder: of published files; None to download what is not in the cache.

    Raises:
        InputError: the file cannot be had or read, or holds other networks.
    """
    path = locate_in(folder, f"pose-{which}") if which in POSE_MODELS else Path(which)
    return PoseNetworks(
        _loaded(path, _DETECTOR, detector.fits, "detector of people"),
        _loaded(path, _LANDMARKS, landmarks.fits, "network for the points of a person"),
    )


def load_mask(which: str, folder: Path | None = None) -> Network:
    """Load a model for selfies.

    Args:
        which: "general" or "landscape".
        folder: see `load_pose`.

    Raises:
        InputError: see `load_pose`.
    """
    path = locate_in(folder, f"selfie-{which}")
    return _loaded(path, None, mask_networks.fits, "network for masks")


def _loaded(path: Path, member: str | None, fits: Callable[[Network], bool], kind: str) -> Network:
    network = tflite.load(path, member)
    if not fits(network):
        where = f"{path}, {member}" if member else path
        raise InputError(f"{where}: no {kind}: its inputs and outputs have other shapes")
    return network

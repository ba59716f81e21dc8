"""How far maps are from the true ones, and how much of the shake they leave."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

Affines = Float[np.ndarray, "frame 2 3"]

_SHAKE_HZ = 2.0
"""Slower movement is not counted as shake."""
_CORNERS = np.array([[-1.0, 1.0, -1.0, 1.0], [-1.0, -1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]])


class Scene(NamedTuple):
    """What is true of a clip.

    Attributes:
        wanted: [frame, 2, 3], the maps from output to input that steady it, from edge to edge −1
            to 1.
        motion: [frame, 2, 3], the maps from the frame before to each; the first is not read.
    """

    wanted: Affines
    motion: Affines


def measures(
    maps: list[Affines], scenes: list[Scene], size: tuple[int, int], rate: float
) -> dict[str, float]:
    """Return the measures that `validation.HeldOut.measure` describes.

    Args:
        maps: of each clip.
        scenes: of each clip.
        size: width and height, of which the ratio alone matters.
        rate: frames a second.
    """
    half = _half(size)
    none = [np.broadcast_to(np.eye(2, 3), scene.wanted.shape) for scene in scenes]
    error, before = (
        np.mean([_squared(half * ((each - scene.wanted) @ _CORNERS)) for each, scene in pairs])
        for pairs in (zip(maps, scenes, strict=True), zip(none, scenes, strict=True))
    )
    shake, shaken = (
        np.array([_shake(path(each, scene.motion, size), rate) for each, scene in pairs])
        for pairs in (zip(maps, scenes, strict=True), zip(none, scenes, strict=True))
    )
    return {
        "error": float(np.sqrt(error)),
        "kept": float(np.sqrt(error / before)),
        "shake": float(np.sqrt(shake.mean() / shaken.mean())),
        "shake_median": float(np.median(np.sqrt(shake / shaken))),
    }


def _squared(difference: Float[np.ndarray, "frame 2 corner"]) -> float:
    return float((difference**2).sum(axis=1).mean())


def path(
    maps: Affines, motion: Affines, size: tuple[int, int]
) -> Float[np.ndarray, "frame 2 corner"]:
    """Return how far the output's corners have moved since the first frame.

    Args:
        maps: from output to input.
        motion: see `Scene`.
        size: width and height, of which the ratio alone matters.

    Returns:
        (x, y) in pixels of a picture 640 wide.
    """
    squares = np.zeros((len(maps), 3, 3))
    squares[:, 2, 2] = 1.0
    theta, between = squares.copy(), squares
    theta[:, :2], between[:, :2] = maps, motion
    seen = np.linalg.inv(theta[1:]) @ between[1:] @ theta[:-1]
    step = _half(size) * (seen @ _CORNERS - _CORNERS)[:, :2]
    return np.cumsum(np.concatenate([np.zeros_like(step[:1]), step]), axis=0)


def _half(size: tuple[int, int]) -> Float[np.ndarray, "2 1"]:
    return np.array([[320.0], [320.0 * size[1] / size[0]]])


def _shake(path: Float[np.ndarray, "frame 2 corner"], rate: float) -> float:
    """Return the mean square of what is fast in a path."""
    step = np.diff(path, axis=0)
    window = np.hanning(len(step))[:, None, None]
    mean = (window * step).sum(axis=0) / window.sum()
    spectrum = np.fft.rfft(window * (step - mean), axis=0)
    frequency = np.fft.rfftfreq(len(step), 1.0 / rate)
    fast = frequency > _SHAKE_HZ
    moved = np.abs(spectrum[fast]) * rate / (2.0 * np.pi * frequency[fast])[:, None, None]
    # By Parseval's theorem; the frequencies below 0 count as well.
    return float(2.0 * (moved**2).sum(axis=(0, 1)).mean() / len(step) / (window**2).sum())

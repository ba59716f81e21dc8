"""Simulates errors of flow estimators: exact flow in, degraded flow out."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from dvs_jax.synthetic.variety import log_uniform

NOISE = (2e-4, 2e-3)
"""RMS error of good estimates, in widths of the frame, log-uniform."""
FAILURE_CHANCE = (0.0, 0.3)
DROP_CHANCE = (0.0, 0.15)

EDGE_SHARE = 40
"""The frame's width over the scale at which estimators blur flow at depth edges."""
CELL_SHARE = 15
"""The frame's width over the correlation length of errors."""
FAST = 0.04
"""Flow magnitude, in widths, at and above which failures are most frequent, for motion blur."""
SMEAR_SHARE = 4
"""The frame's width over the scale at which failed flow is blurred."""
BLACKOUT_CHANCE = 0.15
"""Probability that all flow is dropped instead of some regions."""


@dataclass(frozen=True)
class FlowFaults:
    """Parameters of the flow errors of one clip.

    Attributes:
        noise: RMS error in widths of the frame; 0 also leaves edges sharp.
        failure_chance: probability that a pair of frames with strong motion has smeared or random
            flow; proportionally less with less motion.
        drop_chance: probability that regions of a pair's flow, or all of it, are missing, so 0.
    """

    noise: float = 0.0
    failure_chance: float = 0.0
    drop_chance: float = 0.0


def draw_flow_faults(rng: np.random.Generator) -> FlowFaults:
    """Draw the parameters of a clip's flow errors."""
    return FlowFaults(
        noise=log_uniform(rng, NOISE),
        failure_chance=rng.uniform(*FAILURE_CHANCE),
        drop_chance=rng.uniform(*DROP_CHANCE),
    )


def spoil(
    flow: Float32[np.ndarray, "height width 4"], faults: FlowFaults, rng: np.random.Generator
) -> Float32[np.ndarray, "height width 4"]:
    """Return one pair's flow with an estimator's errors.

    Args:
        flow: forward dx, dy and backward dx, dy in pixels.
        faults: the parameters of the errors.
        rng: the random generator.
    """
    width = flow.shape[1]
    spoiled = flow.copy()
    if faults.noise > 0:
        side = 2 * (width // EDGE_SHARE // 2) + 1
        spoiled = cv2.blur(spoiled, (side, side), borderType=cv2.BORDER_REPLICATE)
        spoiled = spoiled + _noise(rng, spoiled.shape, faults.noise * width)
    speed = float(np.abs(flow).mean()) / (FAST * width)
    if rng.random() < faults.failure_chance * min(1.0, speed):
        spoiled = _fail(spoiled, rng)
    if rng.random() < faults.drop_chance:
        _drop(spoiled, rng)
    return spoiled.astype(np.float32, copy=False)


def _noise(
    rng: np.random.Generator, shape: tuple[int, ...], rms: float
) -> Float32[np.ndarray, "height width 4"]:
    """Return noise that is smooth over cells, with a quarter of its energy at a finer scale."""
    height, width, channels = shape
    cell = max(2, width // CELL_SHARE)
    grid = (height // cell + 2, width // cell + 2, channels)
    coarse = cv2.resize(rng.standard_normal(grid, np.float32), (width, height))
    # Linear interpolation of white noise keeps 4/9 of its variance.
    fine = rng.standard_normal(shape, np.float32)
    return np.float32(rms) * (np.float32(np.sqrt(0.75 * 9 / 4)) * coarse + np.float32(0.5) * fine)


def _fail(
    flow: Float32[np.ndarray, "height width 4"], rng: np.random.Generator
) -> Float32[np.ndarray, "height width 4"]:
    """Blur the flow and reduce it, or replace it by random flow of the same magnitude."""
    width = flow.shape[1]
    size = np.float32(rng.uniform(0.0, 0.8))
    if rng.random() < 0.3:
        rms = float(np.sqrt((flow**2).mean()))
        return size * flow + _noise(rng, flow.shape, rms)
    side = 2 * (width // SMEAR_SHARE // 2) + 1
    return size * cv2.blur(flow, (side, side), borderType=cv2.BORDER_REPLICATE)


def _drop(flow: Float32[np.ndarray, "height width 4"], rng: np.random.Generator) -> None:
    """Set boxes of the flow to 0, in place."""
    if rng.random() < BLACKOUT_CHANCE:
        flow[:] = 0.0
        return
    height, width, _ = flow.shape
    for _ in range(rng.integers(1, 4)):
        left, right = np.sort(rng.integers(0, width + 1, 2))
        top, bottom = np.sort(rng.integers(0, height + 1, 2))
        flow[top:bottom, left:right] = 0.0

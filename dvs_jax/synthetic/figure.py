"""A walking person: where the joints are, and how he looks.

The body's own axes are metres: forwards, up from the ground, and to its left. It is seen from a
side or in between, as a flat picture whose columns run to the right.
"""

import itertools
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from dvs_jax.synthetic.backdrop import to_bytes
from dvs_jax.synthetic.cutouts import Cutout
from dvs_jax.synthetic.noise import colour, fractal_noise
from dvs_jax.synthetic.pyramid import make_pyramid

WIDTH_M = 1.6
"""Of the picture, which arms and legs do not leave."""
TOP_M = 1.9
"""Of the picture above the ground."""

_HIP_M, _THIGH_M, _SHIN_M, _FOOT_M = 0.92, 0.44, 0.42, 0.2
_TORSO_M, _NECK_M, _UPPER_ARM_M, _FOREARM_M = 0.5, 0.22, 0.29, 0.26
_HIP_WIDTH_M, _SHOULDER_WIDTH_M = 0.1, 0.19
"""From the middle to either side."""

_WEAVE_M = 0.12
"""Largest scale of the clothes' texture."""

_LEVELS = 4
_FINER = 2
"""Pixels across which a limb is drawn for one of the picture's."""


@dataclass(frozen=True)
class Gait:
    """How a person walks.

    Attributes:
        steps_hz: steps a second, and so how often the hips bob.
        bob_m: how far the hips rise and fall about their mean, metres.
        sway_m: how far they go to either side, once in two steps, metres.
        surge_m: how far they run ahead of and fall behind an even pace, once a step, metres.
        phase: of the gait at time 0, radians of a stride (two steps).
    """

    steps_hz: float = 2.0
    bob_m: float = 0.025
    sway_m: float = 0.015
    surge_m: float = 0.01
    phase: float = 0.0


def joints(gait: Gait, time_s: Float[np.ndarray, "*batch"]) -> Float[np.ndarray, "*batch 33 3"]:
    """Return the 33 points of BlazePose in the body's axes: forwards, up, to the left; metres.

    The body walks on the spot: its even pace is not in it.
    """
    stride = np.pi * gait.steps_hz * time_s + gait.phase
    hips = np.stack(
        [
            gait.surge_m * np.sin(2 * stride + 0.7),
            _HIP_M + gait.bob_m * np.cos(2 * stride),
            gait.sway_m * np.sin(stride),
        ],
        axis=-1,
    )
    sides = [_side(hips, stride, 1.0), _side(hips, stride + np.pi, -1.0)]
    head = _head(hips)
    body = [np.stack(pair, axis=-2) for pair in zip(*sides, strict=True)]
    return np.concatenate([head, *body], axis=-2)


def _away(angle: Float[np.ndarray, "*batch"], length: float) -> Float[np.ndarray, "*batch 3"]:
    """Return what a limb adds, which hangs down and is swung forwards by an angle."""
    return length * np.stack([np.sin(angle), -np.cos(angle), np.zeros_like(angle)], axis=-1)


def _side(
    hips: Float[np.ndarray, "*batch 3"], stride: Float[np.ndarray, "*batch"], left: float
) -> list[Float[np.ndarray, "*batch 3"]]:
    """Return a side's shoulder, elbow, wrist, three fingers, hip, knee, ankle, heel and toe."""
    up, aside = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, left])
    shoulder = hips + _TORSO_M * up + _SHOULDER_WIDTH_M * aside
    arm = -0.35 * np.sin(stride)
    elbow = shoulder + _away(arm, _UPPER_ARM_M)
    wrist = elbow + _away(arm + 0.45, _FOREARM_M)
    fingers = [wrist + _away(arm + turn, 0.09) for turn in (0.7, 0.5, 0.9)]
    hip = hips + _HIP_WIDTH_M * aside
    thigh = 0.42 * np.sin(stride)
    # A leg is bent while it swings forwards.
    bent = 0.12 + 0.9 * np.maximum(np.cos(stride), 0.0) ** 2
    knee = hip + _away(thigh, _THIGH_M)
    ankle = knee + _away(thigh - bent, _SHIN_M)
    tilt = 0.5 * np.pi - 0.6 * bent
    heel = ankle + _away(tilt - 1.9, 0.07)
    toe = ankle + _away(tilt - 0.25, _FOOT_M)
    return [shoulder, elbow, wrist, *fingers, hip, knee, ankle, heel, toe]


_FACE = np.array(
    [
        *((0.11, 0.0, 0.0), (0.09, 0.04, 0.02), (0.085, 0.04, 0.035), (0.075, 0.04, 0.05)),
        *((0.09, 0.04, -0.02), (0.085, 0.04, -0.035), (0.075, 0.04, -0.05)),
        *((0.0, 0.02, 0.08), (0.0, 0.02, -0.08), (0.09, -0.05, 0.025), (0.09, -0.05, -0.025)),
    ]
)
"""From the middle of the head: nose, eyes, ears, corners of the mouth."""


def _head(hips: Float[np.ndarray, "*batch 3"]) -> Float[np.ndarray, "*batch 11 3"]:
    middle = hips + np.array([0.02, _TORSO_M + _NECK_M, 0.0])
    return middle[..., None, :] + _FACE


def seen(body: Float[np.ndarray, "*batch 3"], heading: float) -> Float[np.ndarray, "*batch 2"]:
    """Return where points of the body are in its flat picture: metres right, up.

    Args:
        body: in the body's axes.
        heading: radians; 0 walks to the right, π/2 towards the camera, π to the left.
    """
    forwards, up, left = np.moveaxis(body, -1, 0)
    return np.stack([forwards * np.cos(heading) + left * np.sin(heading), up], axis=-1)


def paint(body: Float[np.ndarray, "33 3"], heading: float, seed: int, texel_m: float) -> Cutout:
    """Paint a person as a cutout; the middle of its lower edge is where he walks on the spot.

    Args:
        body: the joints.
        heading: see `seen`.
        seed: of clothes and their texture, which goes with the hips.
        texel_m: side of a pixel in metres.
    """
    unit = _FINER / texel_m
    size = round(WIDTH_M / texel_m), round(TOP_M / texel_m)
    place = (seen(body, heading) * (1, -1) + (WIDTH_M / 2, TOP_M)) * unit - 0.5
    # Premultiplied, as cutouts are: on black, an edge's colour and alpha fall alike.
    canvas = np.zeros((_FINER * size[1], _FINER * size[0], 4), np.uint8)
    rng = np.random.default_rng([seed, 70])
    skin, shirt, trousers, shoes = _clothes(rng)
    far, near = _far_to_near(heading)
    for side in (far, near):
        _leg(canvas, place, side, unit, trousers, shoes)
    _arm(canvas, place, far, unit, shirt, skin)
    _trunk(canvas, place, unit, shirt, trousers, skin)
    _arm(canvas, place, near, unit, shirt, skin)
    weave = _weave(rng, canvas.shape[:2], place[[23, 24]].mean(axis=0))
    woven = canvas[..., :3] * (1.0 + 0.18 * weave[..., None])
    canvas[..., :3] = to_bytes(np.minimum(woven, canvas[..., 3:]))
    finished = cv2.resize(canvas, size, interpolation=cv2.INTER_AREA)
    return Cutout(WIDTH_M, TOP_M, texel_m, make_pyramid(finished, _LEVELS))


def _weave(
    rng: np.random.Generator, shape: tuple[int, int], hips: Float[np.ndarray, "2"]
) -> Float[np.ndarray, "row column"]:
    cells = round(WIDTH_M / _WEAVE_M), round(TOP_M / _WEAVE_M)
    weave = fractal_noise(rng, (shape[1], shape[0]), cells, 4, 0.8)
    shift = np.array([[1.0, 0.0, hips[0]], [0.0, 1.0, hips[1]]])
    return cv2.warpAffine(weave, shift, shape[::-1], borderMode=cv2.BORDER_WRAP)


def _clothes(rng: np.random.Generator) -> list[Float[np.ndarray, "3"]]:
    shirts = [(178, 52, 44), (38, 92, 150), (214, 168, 40), (70, 130, 84)]
    shirt = colour(*shirts[rng.integers(len(shirts))])
    return [colour(206, 158, 128), shirt, colour(52, 56, 84), colour(36, 32, 30)]


def _far_to_near(heading: float) -> tuple[int, int]:
    """Return which sides to draw in turn, 0 left and 1 right: walking right, the left is far."""
    return (0, 1) if np.cos(heading) >= 0.0 else (1, 0)


def _limb(
    canvas: UInt8[np.ndarray, "row column 4"],
    path: Float[np.ndarray, "point 2"],
    width: float,
    rgb: Float[np.ndarray, "3"],
) -> None:
    """Draw a line of round ends in place; points to a sixteenth of a pixel."""
    points = np.rint(path * 16.0).astype(np.int32)
    paint_with = (*rgb.tolist(), 255.0)
    for start, end in itertools.pairwise(points):
        cv2.line(canvas, start, end, paint_with, max(round(width), 1), cv2.LINE_AA, 4)


def _leg(
    canvas: UInt8[np.ndarray, "row column 4"],
    place: Float[np.ndarray, "33 2"],
    side: int,
    unit: float,
    trousers: Float[np.ndarray, "3"],
    shoes: Float[np.ndarray, "3"],
) -> None:
    shade = 0.75 + 0.25 * side
    _limb(canvas, place[[29 + side, 31 + side]], 0.075 * unit, shoes)
    _limb(canvas, place[[25 + side, 27 + side]], 0.1 * unit, shade * trousers)
    _limb(canvas, place[[23 + side, 25 + side]], 0.14 * unit, shade * trousers)


def _arm(
    canvas: UInt8[np.ndarray, "row column 4"],
    place: Float[np.ndarray, "33 2"],
    side: int,
    unit: float,
    shirt: Float[np.ndarray, "3"],
    skin: Float[np.ndarray, "3"],
) -> None:
    _limb(canvas, place[[15 + side, 19 + side]], 0.06 * unit, skin)
    _limb(canvas, place[[13 + side, 15 + side]], 0.07 * unit, 0.8 * skin)
    _limb(canvas, place[[11 + side, 13 + side]], 0.09 * unit, 0.85 * shirt)


def _trunk(
    canvas: UInt8[np.ndarray, "row column 4"],
    place: Float[np.ndarray, "33 2"],
    unit: float,
    shirt: Float[np.ndarray, "3"],
    trousers: Float[np.ndarray, "3"],
    skin: Float[np.ndarray, "3"],
) -> None:
    shoulders, hips = place[[11, 12]], place[[23, 24]]
    head = place[[7, 8]].mean(axis=0)
    _limb(canvas, np.stack([shoulders.mean(axis=0), head]), 0.1 * unit, skin)
    _limb(canvas, np.stack([head, head - (0.0, 0.03 * unit)]), 0.19 * unit, skin)
    _limb(canvas, place[[0, 0]], 0.04 * unit, skin)
    _limb(canvas, hips, 0.17 * unit, trousers)
    for share in np.linspace(0.0, 0.85, 12):
        _limb(canvas, shoulders + share * (hips - shoulders), 0.2 * unit, shirt)

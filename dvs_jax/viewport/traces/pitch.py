"""Which sign a recorder gave the head's pitch: Unity's Euler angle is positive downwards."""

import logging
from pathlib import Path

import numpy as np
from jaxtyping import Float

from dvs_jax.errors import InputError
from dvs_jax.viewport import sphere

_AGREES_DEG = 1.0

_CLEARLY = 1.3
"""How much better the one sign has to fit the gaze than the other."""

_log = logging.getLogger("dvs_jax")


def wrapped(angle_deg: Float[np.ndarray, "row"]) -> Float[np.ndarray, "row"]:
    """Return angles in [−180°, 180°): Unity writes 350° for −10°."""
    return (angle_deg + 180.0) % 360.0 - 180.0


def require_sign(
    rotation: Float[np.ndarray, "row 4"],
    logged_deg: list[tuple[Path, Float[np.ndarray, "row"]]],
    upwards: bool,
) -> None:
    """Raise InputError if pitches logged beside quaternions have another sign than is said.

    Args:
        rotation: unit quaternions [x, y, z, w] in Unity's axes.
        logged_deg: pitches in degrees, by the file that holds them.
        upwards: whether they are said to be positive upwards.
    """
    up = np.degrees(sphere.to_yaw_pitch(sphere.from_unity_rotation(rotation))[1])
    for file, logged in logged_deg:
        off = float(np.median(np.abs(logged - up if upwards else logged + up)))
        if off >= _AGREES_DEG:
            raise _contradiction(file, upwards, f"is {off:.1f}° off what its quaternions say")


def require_sign_beside_gaze(
    file: Path,
    head_deg: Float[np.ndarray, "row"],
    gaze_up_deg: Float[np.ndarray, "row"],
    upwards: bool,
) -> None:
    """Raise InputError if the gaze contradicts the sign that the head's pitch is said to have.

    Where it does not tell, that is logged.

    Args:
        file: which holds the pitch.
        head_deg: the head's pitch as logged, of rows with a gaze.
        gaze_up_deg: the gaze's, positive upwards.
        upwards: whether the head's is said to be positive upwards.
    """
    if not len(head_deg):
        _log.warning("%s: without gaze nothing tells the sign of its pitch", file)
        return
    down = float(np.median(np.abs(gaze_up_deg + head_deg)))
    up = float(np.median(np.abs(gaze_up_deg - head_deg)))
    said, other = (up, down) if upwards else (down, up)
    if other < said / _CLEARLY:
        raise _contradiction(
            file, upwards, f"is {said:.1f}° off the gaze, and with the other sign {other:.1f}°"
        )
    if not said < other / _CLEARLY:
        _log.warning(
            "%s: the gaze does not tell the sign of its pitch, which is taken as positive %s",
            *(file, "upwards" if upwards else "downwards"),
        )


def _contradiction(file: Path, upwards: bool, why: str) -> InputError:
    sign, remedy = (
        ("upwards", "leave --pitch-up away") if upwards else ("downwards", "give --pitch-up")
    )
    return InputError(
        f"{file}: the head's pitch, taken as positive {sign}, {why}; {remedy} if this recorder "
        "logs it the other way"
    )

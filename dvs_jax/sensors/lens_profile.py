"""Gyroflow's lens profiles: JSON files, of which its users share thousands.

Layout: the files of github.com/gyroflow/lens_profiles (CC0), and `LensProfile` in Gyroflow's
`core/lens_profile.rs`. Its distortion models "opencv_fisheye" (also where none is named) and
"opencv_standard" are `dvs_jax.lens`'s "fisheye" and "brown".
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvs_jax.bounded_file import read_json
from dvs_jax.errors import InputError
from dvs_jax.lens import COEFFICIENTS, Lens, Model

_MODELS: dict[str, Model] = {"opencv_fisheye": "fisheye", "opencv_standard": "brown"}

_LONGEST_READOUT_MS = 1000.0
_LARGEST_SIDE = 1e5


@dataclass(frozen=True)
class LensProfile:
    """How a camera and its lens see in one of their modes.

    Attributes:
        camera: brand and model of the camera.
        setting: lens and mode, as far as they are told.
        size: width and height of the calibrated picture in pixels.
        focal_length: in pixels, (horizontal, vertical).
        center: pixel of the optical axis, (x, y), where integers are pixel centres.
        lens: the distortion.
        readout_time_s: of the rolling shutter; None if it is not told.
    """

    camera: str
    setting: str
    size: tuple[float, float]
    focal_length: tuple[float, float]
    center: tuple[float, float]
    lens: Lens
    readout_time_s: float | None


def optics(profile: LensProfile) -> dict[str, Any]:
    """Return the fields of `Camera` that a profile tells."""
    width, height = profile.size
    described: dict[str, Any] = {
        "focal_length": (profile.focal_length[0] / width, profile.focal_length[1] / width),
        "principal_point": (
            (profile.center[0] + 0.5) / width,
            (profile.center[1] + 0.5) / height,
        ),
        "calibrated_size": profile.size,
        "lens": profile.lens,
    }
    if profile.readout_time_s is not None:
        described["readout_time_s"] = profile.readout_time_s
    return described


def read(file: Path) -> LensProfile:
    """Read a profile.

    Raises:
        InputError: it cannot be read or is no lens profile, or its picture is stretched or has a
            distortion model that is not known here.
    """
    try:
        return parse(read_json(file))
    except (LookupError, TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{file}: not a lens profile of Gyroflow ({_reason(error)})") from error


def parse(content: Any) -> LensProfile:
    """Return a profile from the content of its file.

    Raises:
        LookupError, TypeError, ValueError, OverflowError: it is none, or it cannot be used.
    """
    parameters = content["fisheye_params"]
    size = _size(content["calib_dimension"])
    matrix = parameters["camera_matrix"]
    across, down = (_number(matrix[i][i], 0.05 * size[0], 100 * size[0]) for i in (0, 1))
    # Gyroflow takes the picture's middle for the axis unless the profile says otherwise.
    center = (size[0] / 2 - 0.5, size[1] / 2 - 0.5)
    if content.get("asymmetrical"):
        center = _number(matrix[0][2], 0.0, size[0]), _number(matrix[1][2], 0.0, size[1])
    _require_plain(content)
    return LensProfile(
        camera=_words(content, "camera_brand", "camera_model"),
        setting=_words(content, "lens_model", "camera_setting"),
        size=size,
        focal_length=(across, down),
        center=center,
        lens=_lens(content.get("distortion_model"), parameters["distortion_coeffs"]),
        readout_time_s=_readout_time_s(content.get("frame_readout_time")),
    )


def _lens(name: str | None, coefficients: Any) -> Lens:
    model = _MODELS.get(name or "opencv_fisheye")
    if model is None:
        raise ValueError(f"its distortion model {name!r} is not one of {', '.join(_MODELS)}")
    wanted = len(COEFFICIENTS[model])
    given = [_number(each, -1e3, 1e3) for each in coefficients]
    if any(given[wanted:]) or (given and len(given) < 4):
        raise ValueError(f"it has {len(given)} distortion coefficients, not {wanted}")
    return Lens(model, tuple((given + [0.0] * wanted)[:wanted]))


def _require_plain(content: Any) -> None:
    """Raise where the camera or an anamorphic lens stretches the picture beyond the model."""
    if content.get("digital_lens"):
        raise ValueError(f"the camera stretches its picture by {content['digital_lens']!r}")
    for key in ("input_horizontal_stretch", "input_vertical_stretch"):
        if (content.get(key) or 1.0) != 1.0:
            raise ValueError(f"its {key} is {content[key]!r}; anamorphic lenses are not known here")


def _readout_time_s(milliseconds: Any) -> float | None:
    """Return None for null and for 0, which the profiles' users leave where they know none."""
    if not milliseconds:
        return None
    return _number(milliseconds, 0.0, _LONGEST_READOUT_MS) / 1e3


def _size(dimension: Any) -> tuple[float, float]:
    return _number(dimension["w"], 1.0, _LARGEST_SIDE), _number(dimension["h"], 1.0, _LARGEST_SIDE)


def _words(content: Any, *keys: str) -> str:
    return " ".join(str(content[key]).strip() for key in keys if content.get(key))


def _number(value: Any, low: float, high: float) -> float:
    number = float(value)
    if isinstance(value, str | bool) or not math.isfinite(number) or not low <= number <= high:
        raise ValueError(f"{str(value)[:40]} where a number from {low:g} to {high:g} belongs")
    return number


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"it has no {error.args[0]}"
    if isinstance(error, ValueError | OverflowError):
        return str(error)
    return "a value is missing or of another kind"

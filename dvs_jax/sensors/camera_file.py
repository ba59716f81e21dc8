"""Reads camera.toml, which describes the camera and lies beside its logs."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from dvs_jax.bounded_file import read_toml
from dvs_jax.camera import Camera
from dvs_jax.errors import InputError
from dvs_jax.lens import COEFFICIENTS, Lens
from dvs_jax.sensors import lens_profile

NAME = "camera.toml"

_LONGEST_QUOTE = 60

_LARGEST_WINDOW = 1e5

_LARGEST_COEFFICIENT = 1e3


@dataclass(frozen=True)
class _Section:
    """One table of the file; values are checked as they are read, and named in errors."""

    file: Path
    name: str
    values: dict[str, Any]

    def error(self, key: str, allowed: str) -> InputError:
        name = f"{self.name}.{key}" if self.name else key
        found = f"= {_quoted(self.values[key])}" if key in self.values else "is missing"
        return InputError(f"{self.file}: {name} {found}; it must be {allowed}")

    def require_known(self, *keys: str) -> None:
        for key in self.values.keys() - set(keys):
            place = f" in [{self.name}]" if self.name else ""
            raise InputError(
                f"{self.file}: unknown key {_quoted(key)}{place}; allowed are {', '.join(keys)}"
            )

    def section(self, key: str) -> "_Section":
        values = self.values.get(key, {})
        if not isinstance(values, dict):
            raise self.error(key, f"a table, [{key}]")
        return _Section(self.file, key, values)

    def number(self, key: str, low: float, high: float) -> float:
        value = self.values.get(key)
        if not _is_number(value) or not low <= value <= high:
            raise self.error(key, f"a number from {low:g} to {high:g}")
        return float(value)


def _quoted(value: Any) -> str:
    """Return a value as TOML might have it, cut to a length that fits a message."""
    try:
        text = repr(value)
    # TOML nests deeper, and has hexadecimal numbers with more digits, than Python prints.
    except (RecursionError, ValueError):
        return f"a {type(value).__name__} too large to show"
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def read(file: Path, otherwise: Camera | None = None) -> Camera:
    """Read a camera.toml; missing fields have the values of the released DVS data.

    Args:
        file: as below.
        otherwise: the camera that has the missing fields, instead.

    ```toml
    fov = 1.27                 # sensor width / focal length = 2·tan(half the horizontal angle)
    readout_time_ms = 30.0     # from the exposure of the first row to that of the last

    [intrinsics]               # or, instead of fov, pixels of a width × height picture
    width = 800
    height = 600
    fx = 573.85
    fy = 575.04
    cx = 406.01                # a pixel's centre has whole coordinates
    cy = 309.01

    [gyro]
    axes = ["y", "x", "z"]     # which log axis turns the world about the camera's x, y, z
    clock_offset_ms = 0.0      # added to gyro and OIS times to get the video's
    clock_drift_ppm = 0.0      # microseconds a second that add to that after the first frame

    [ois]
    window = [4032, 2272]      # width and height of the picture in the OIS log's pixels

    [lens]                     # or, instead of fov, [intrinsics] and [lens]: lens = "profile.json",
    model = "fisheye"          # a lens profile of Gyroflow, named from this file's folder
    coefficients = [0.04, 0.01, 0.0, 0.0]
    size = [3840, 2160]        # width and height of the picture that was calibrated
    ```

    The lens's models and coefficients are those of `dvs_jax.lens`.

    Raises:
        InputError: not TOML, an unknown key, a value of the wrong type or out of range; the
            message names the key and what is allowed. Or the lens's profile is none.
    """
    return dataclasses.replace(otherwise or Camera(), **described_by(file))


def described_by(file: Path) -> dict[str, Any]:
    """Return the fields of `Camera` that a file tells, by name; errors are those of `read`."""
    root = _Section(file, "", read_toml(file))
    root.require_known("fov", "readout_time_ms", "intrinsics", "gyro", "ois", "lens")
    described = _optics(root) | _gyro(root.section("gyro")) | _ois(root.section("ois"))
    if "readout_time_ms" in root.values:
        described["readout_time_s"] = root.number("readout_time_ms", 0, 1000) / 1e3
    return described


def _optics(root: _Section) -> dict[str, Any]:
    if isinstance(root.values.get("lens"), str):
        return _profile(root)
    return _pinhole(root) | _lens(root)


def _profile(root: _Section) -> dict[str, Any]:
    if {"fov", "intrinsics"} & root.values.keys():
        raise InputError(
            f"{root.file}: the lens profile tells the focal length; give no fov and no [intrinsics]"
        )
    return lens_profile.optics(lens_profile.read(_beside(root.file, root.values["lens"])))


def profile_of(file: Path) -> Path | None:
    """Return the lens profile that a camera.toml names, None where it names none.

    Raises:
        InputError: the file cannot be read or is not TOML.
    """
    name = read_toml(file).get("lens")
    return _beside(file, name) if isinstance(name, str) else None


def _beside(file: Path, name: str) -> Path:
    return file.parent / Path(name).expanduser()


def _lens(root: _Section) -> dict[str, Any]:
    if "lens" not in root.values:
        return {}
    lens = root.section("lens")
    lens.require_known("model", "coefficients", "size")
    model = lens.values.get("model")
    if not isinstance(model, str) or model not in COEFFICIENTS:
        raise lens.error("model", " or ".join(f'"{each}"' for each in COEFFICIENTS))
    described: dict[str, Any] = {"lens": Lens(model, _coefficients(lens, COEFFICIENTS[model]))}
    if "size" in lens.values:
        described["calibrated_size"] = _size(lens, "size")
    return described


def _coefficients(lens: _Section, names: tuple[str, ...]) -> tuple[float, ...]:
    given = lens.values.get("coefficients")
    if not isinstance(given, list) or len(given) != len(names) or not all(map(_is_small, given)):
        raise lens.error("coefficients", f"{len(names)} numbers, [{', '.join(names)}]")
    return tuple(map(float, given))


def _pinhole(root: _Section) -> dict[str, Any]:
    if "intrinsics" not in root.values:
        if "fov" not in root.values:
            return {}
        focal_length = 1.0 / root.number("fov", 0.01, 20)
        return {"focal_length": (focal_length, focal_length)}
    if "fov" in root.values:
        raise InputError(f"{root.file}: give fov or [intrinsics], not both")
    intrinsics = root.section("intrinsics")
    intrinsics.require_known("width", "height", "fx", "fy", "cx", "cy")
    width, height = (intrinsics.number(key, 1, 1e5) for key in ("width", "height"))
    fx, fy = (intrinsics.number(key, 0.05 * width, 100 * width) for key in ("fx", "fy"))
    cx, cy = intrinsics.number("cx", 0, width), intrinsics.number("cy", 0, height)
    return {
        "focal_length": (fx / width, fy / width),
        "principal_point": ((cx + 0.5) / width, (cy + 0.5) / height),
        "calibrated_size": (width, height),
    }


def _gyro(gyro: _Section) -> dict[str, Any]:
    gyro.require_known("axes", "clock_offset_ms", "clock_drift_ppm")
    described: dict[str, Any] = {}
    if "axes" in gyro.values:
        described["gyro_axes"] = _axes(gyro)
    if "clock_offset_ms" in gyro.values:
        described["clock_offset_s"] = gyro.number("clock_offset_ms", -4e12, 4e12) / 1e3
    if "clock_drift_ppm" in gyro.values:
        described["clock_drift"] = gyro.number("clock_drift_ppm", -1e4, 1e4) / 1e6
    return described


def _axes(gyro: _Section) -> tuple[str, ...]:
    axes = gyro.values["axes"]
    written = axes if isinstance(axes, list) else []
    names = [axis.removeprefix("-") for axis in written if isinstance(axis, str)]
    if len(written) != 3 or sorted(names) != ["x", "y", "z"]:
        raise gyro.error("axes", 'each of "x", "y", "z" once, with "-" before a reversed one')
    return tuple(axes)


def _ois(ois: _Section) -> dict[str, Any]:
    ois.require_known("window")
    if "window" not in ois.values:
        return {}
    return {"ois_window": _size(ois, "window")}


def _size(section: _Section, key: str) -> tuple[float, float]:
    size = section.values[key]
    if not isinstance(size, list) or len(size) != 2 or not all(map(_is_side, size)):
        raise section.error(key, "two positive numbers, [width, height], from 1 to 100000")
    return float(size[0]), float(size[1])


def _is_small(value: Any) -> bool:
    return _is_number(value) and abs(value) <= _LARGEST_COEFFICIENT


def _is_side(value: Any) -> bool:
    return _is_number(value) and 1 <= value <= _LARGEST_WINDOW


def text_of(described: dict[str, Any]) -> str:
    """Return what `read` reads into a camera with some of its fields.

    Args:
        described: fields of `Camera`, by name; those that are left out are not written.
    """
    camera = dataclasses.replace(Camera(), **described)
    lines = _optics_of(camera) if "focal_length" in described else []
    readout = [f"readout_time_ms = {camera.readout_time_s * 1e3:.6g}"]
    lines = (readout if "readout_time_s" in described else []) + lines
    lines += ["", "[gyro]"]
    if "gyro_axes" in described:
        lines.append("axes = [" + ", ".join(f'"{axis}"' for axis in camera.gyro_axes) + "]")
    is_told = "clock_offset_s" in described
    # Since 1970, and in microseconds: more digits than %g would write.
    offset_ms = f"{camera.clock_offset_s * 1e3:.3f}".rstrip("0").rstrip(".")
    lines.append(f"{'' if is_told else '# '}clock_offset_ms = {offset_ms}")
    if camera.clock_drift:
        lines.append(f"clock_drift_ppm = {camera.clock_drift * 1e6:.6g}")
    if "ois_window" in described:
        lines += ["", "[ois]", "window = [{:g}, {:g}]".format(*camera.ois_window)]
    if camera.lens is not None:
        lines += ["", "[lens]", *_lens_of(camera.lens)]
    return "\n".join(lines).lstrip() + "\n"


def _lens_of(lens: Lens) -> list[str]:
    coefficients = ", ".join(f"{each:.9g}" for each in lens.coefficients)
    return [f'model = "{lens.model}"', f"coefficients = [{coefficients}]"]


def untold(described: dict[str, Any]) -> tuple[str, ...]:
    """Return the keys of camera.toml that fields of `Camera` do not tell."""
    keys = {"focal_length": "fov", "readout_time_s": "readout_time_ms", "gyro_axes": "gyro.axes"}
    return tuple(key for name, key in keys.items() if name not in described)


def _optics_of(camera: Camera) -> list[str]:
    if camera.calibrated_size is None:
        return [f"fov = {1.0 / camera.focal_length[0]:.6g}"]
    width, height = camera.calibrated_size
    (fx, fy), (x, y) = camera.focal_length, camera.principal_point
    numbers = {
        "width": width,
        "height": height,
        "fx": fx * width,
        "fy": fy * width,
        "cx": x * width - 0.5,
        "cy": y * height - 0.5,
    }
    return ["", "[intrinsics]", *(f"{key} = {value:.9g}" for key, value in numbers.items())]

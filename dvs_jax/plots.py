"""Plots of camera paths."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

from dvs_jax import quaternion
from dvs_jax.camera_path import CameraPath, accumulated_turn
from dvs_jax.errors import InputError
from dvs_jax.whole_file import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INPUT_STYLE: dict[str, Any] = {"color": "#2ca02c", "linewidth": 1.2}
_OUTPUT_STYLE: dict[str, Any] = {"color": "#1f5fd0", "linewidth": 1.6}
_AXES = ("x, pitch (deg)", "y, yaw (deg)", "z, roll (deg)")
_OIS_AXES = ("OIS x (% of width)", "OIS y (% of height)")
_WIDTH_INCHES, _ROW_INCHES, _DPI = 11.0, 1.8, 100


def plot_path(
    file: Path,
    real: CameraPath,
    virtual: CameraPath,
    ois: tuple[Int[np.ndarray, "sample"], Float[np.ndarray, "sample 2"]] | None,
    title: str,
) -> None:
    """Draw the camera's rotation before and after, and the lens shift.

    The three angles of the real path are the sums of its rotation vectors from pose to pose, in
    degrees since the first frame: they neither wrap nor jump sign. Those of the virtual path are
    the real path's plus the rotation vector from real to virtual pose, so the gap between two
    curves is the rotation that stabilises that frame. The sign is that of the world's rotation in
    camera coordinates.

    Args:
        file: a .jpg or .png to write; it appears complete or not at all.
        real: the camera's pose at every frame; drawn green, as the input.
        virtual: the stabilised pose at the same times; drawn blue, as the output.
        ois: times of the lens shift, int64 [sample] nanoseconds on the path's clock, and its x and
            y, float64 [sample, 2] in fractions of the image's width and height; None draws no lens
            shift.
        title: shown above.

    Raises:
        InputError: the paths' times differ, there is no pose, or the file cannot be written.
    """
    # Imported here, since it takes half a second that would delay the start of a run.
    from matplotlib.figure import Figure

    if len(real) == 0 or not np.array_equal(real.time_ns, virtual.time_ns):
        raise InputError(
            f"{file}: nothing to draw: the real path ({len(real)} poses) and the virtual path "
            f"({len(virtual)} poses) need the same times"
        )
    labels = _AXES if ois is None else _AXES + _OIS_AXES
    figure = Figure((_WIDTH_INCHES, _ROW_INCHES * len(labels)), dpi=_DPI, layout="constrained")
    panels = figure.subplots(len(labels), sharex=True)
    _draw_rotation(panels[:3], real, virtual)
    if ois is not None:
        _draw_lens_shift(panels[3:], _seconds(ois[0], real), 100.0 * ois[1])
    for panel, label in zip(panels, labels, strict=True):
        dress(panel, label)
    figure.align_ylabels(panels)
    panels[-1].set_xlabel("time since the first frame (s)")
    # A name may have characters that Matplotlib reads as mathematics, and undecodable bytes.
    shown = title.encode(errors="replace").decode()
    figure.suptitle(shown, x=0.005, horizontalalignment="left", parse_math=False)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    save(figure, file)


def plot_turns(
    file: Path,
    time_s: Float[np.ndarray, "pair"],
    seen: Float[np.ndarray, "pair 3"],
    felt: dict[str, Float[np.ndarray, "pair 3"]],
) -> None:
    """Draw how the pictures turned from frame to frame, and how the gyro says they did.

    Args:
        file: a .jpg or .png to write.
        time_s: when.
        seen: rotation vectors in rad, about x, y, z; NaN where the pictures tell nothing.
        felt: likewise, by the gyro, by the curve's name; a row of panels each.

    Raises:
        InputError: the file cannot be written.
    """
    from matplotlib.figure import Figure

    size = (_WIDTH_INCHES, 3 * _ROW_INCHES)
    figure = Figure(size, dpi=_DPI, layout="constrained")
    panels = figure.subplots(3, len(felt), sharex=True, sharey="row", squeeze=False)
    for column, (name, turn) in enumerate(felt.items()):
        panels[0, column].set_title(name)
        for axis, panel in enumerate(panels[:, column]):
            panel.plot(time_s - time_s[0], np.degrees(turn[:, axis]), **_INPUT_STYLE)
            panel.plot(time_s - time_s[0], np.degrees(seen[:, axis]), **_OUTPUT_STYLE)
            dress(panel, f"{_AXES[axis]} a frame" if column == 0 else "")
    panels[-1, 0].set_xlabel("time (s); green: the gyro, blue: the pictures")
    save(figure, file)


def _draw_rotation(panels: list[Axes], real: CameraPath, virtual: CameraPath) -> None:
    time = _seconds(real.time_ns, real)
    input_angle, output_angle = angles(real.quaternion, virtual.quaternion)
    for axis, panel in enumerate(panels):
        panel.plot(time, input_angle[:, axis], label="input", **_INPUT_STYLE)
        panel.plot(time, output_angle[:, axis], label="output", **_OUTPUT_STYLE)
    panels[0].set_xlim(time[0], max(time[-1], time[0] + 1e-3))


def _draw_lens_shift(
    panels: list[Axes], time: Float[np.ndarray, "sample"], shift: Float[np.ndarray, "sample 2"]
) -> None:
    for axis, panel in enumerate(panels):
        panel.plot(time, shift[:, axis], **_INPUT_STYLE)


def angles(
    real: Float[np.ndarray, "frame 4"], virtual: Float[np.ndarray, "frame 4"]
) -> tuple[Float[np.ndarray, "frame 3"], Float[np.ndarray, "frame 3"]]:
    """Return the angles of a real and of its virtual path, in degrees, as `plot_path` draws them.

    Args:
        real: a pose a frame, [x, y, z, w], world to camera.
        virtual: likewise.
    """
    angle = accumulated_turn(real)
    correction = quaternion.multiply(virtual, quaternion.conjugate(real))
    return np.degrees(angle), np.degrees(angle + quaternion.to_rotation_vector(correction))


def _seconds(time_ns: Int[np.ndarray, "time"], path: CameraPath) -> Float[np.ndarray, "time"]:
    return (time_ns - path.time_ns[0]) * 1e-9


def dress(panel: Axes, label: str) -> None:
    """Give a panel the style that all plots share, and label its vertical axis."""
    panel.set_ylabel(label)
    panel.grid(color="0.9", linewidth=0.8)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)


def save(figure: Figure, file: Path) -> None:
    """Write a picture, a .jpg or .png; it appears there complete or not at all.

    Raises:
        InputError: the file cannot be written.
    """
    kind = file.suffix.lstrip(".").lower()
    # Full colour resolution: JPEG's default halves it, which smears thin coloured lines.
    quality = {"quality": 95, "subsampling": 0} if kind in ("jpg", "jpeg") else {}
    with replacing(file) as part, warnings.catch_warnings():
        # Glyphs that the font lacks are drawn as boxes, as for a Chinese name.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        try:
            figure.savefig(part, format=kind, pil_kwargs=quality)
        except ValueError as error:
            raise InputError(f"{file}: the picture cannot be written ({error})") from None

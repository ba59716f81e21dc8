"""Pictures of predictions: on the video's picture, and their errors against the horizon."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, UInt8

from dvs_jax import plots
from dvs_jax.viewport import sphere, tiles, tracks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DPI = 100
_WIDTH_INCHES = 12.0

PAST, PREDICTED, TRUE = "#ffffff", "#ff8c1a", "#2ecc40"
RIM_STEPS = {0.2: 0, 1.0: 4, 2.0: 9, 5.0: 24}
"""Seconds ahead, and which step counted from 0, of which the view's rim is drawn."""

_STYLES: dict[str, dict[str, Any]] = {
    "no_motion": {"color": "0.6", "linestyle": ":"},
    "constant": {"color": "0.6", "linestyle": "-."},
    "damped": {"color": "0.3", "linestyle": "--"},
    "salient": {"color": "#8e44ad", "linestyle": ":"},
    "crowd": {"color": "#27ae60", "linestyle": ":"},
}


def at_seam(
    direction: Float[np.ndarray, "point 3"], width: int, height: int
) -> Float[np.ndarray, "drawn 2"]:
    """Return a line's columns and rows on an equirectangular picture, broken where it ends.

    Where the line goes over the picture's edge it is drawn up to it on both sides, with NaN
    between.

    Args:
        direction: unit vectors along the line.
        width: of the picture, in pixels.
        height: likewise.
    """
    row, column = sphere.to_pixel(np.asarray(direction, np.float64), width, height)
    drawn = [(column[0], row[0])]
    for number in range(1, len(column)):
        step = column[number] - column[number - 1]
        if abs(step) > width / 2.0:
            side = -np.sign(step)
            edge = width - 0.5 if side > 0 else -0.5
            share = (edge - column[number - 1]) / (step + side * width)
            height_at = row[number - 1] + share * (row[number] - row[number - 1])
            opposite = -0.5 if side > 0 else width - 0.5
            drawn += [(edge, height_at), (np.nan, np.nan), (opposite, height_at)]
        drawn.append((column[number], row[number]))
    return np.array(drawn)


def rim(direction: Float[np.ndarray, "3"], count: int = 181) -> Float[np.ndarray, "point 3"]:
    """Return the rim of the view in a direction: what is half the field of view away."""
    direction = np.asarray(direction, np.float64)
    aside = sphere.tangent(direction, np.array([0.0, 0.0, 1.0]))
    if not aside.any():
        aside = np.array([1.0, 0.0, 0.0])
    other = np.cross(direction, aside)
    angle = np.linspace(0.0, 2.0 * np.pi, count)[:, None]
    heading = np.cos(angle) * aside + np.sin(angle) * other
    radius = np.full(count, np.radians(tiles.FIELD_OF_VIEW_DEG / 2.0))
    return sphere.along(np.broadcast_to(direction, heading.shape), heading, radius)


def view(
    file: Path,
    frame: UInt8[np.ndarray, "height width 3"],
    past: Float[np.ndarray, "past 3"],
    predicted: Float[np.ndarray, "future 3"],
    true: Float[np.ndarray, "future 3"],
    title: str,
) -> None:
    """Draw a prediction on the frame at its instant.

    Args:
        file: a .jpg or .png to write.
        frame: RGB, perhaps with what is salient glowing.
        past: unit vectors.
        predicted: likewise.
        true: likewise; NaN where it is not known.
        title: shown above.

    Raises:
        InputError: the file cannot be written.
    """
    from matplotlib.figure import Figure

    height, width = frame.shape[:2]
    size = (_WIDTH_INCHES, _WIDTH_INCHES * height / width + 0.6)
    figure = Figure(size, dpi=_DPI, layout="constrained")
    panel = figure.subplots()
    panel.imshow(frame)
    for ahead_s, step in RIM_STEPS.items():
        if step < len(predicted):
            strength = 0.9 - 0.07 * ahead_s
            _line(panel, rim(predicted[step]), frame, PREDICTED, 1.0, alpha=strength)
    known = true[np.isfinite(true).all(axis=-1)]
    _line(panel, past, frame, PAST, 2.2, label=f"the last {(len(past) - 1) / tracks.RATE:g} s")
    if len(known):
        came = np.concatenate([past[-1:], known])
        _line(panel, came, frame, TRUE, 2.2, label="what came")
    _line(
        panel,
        np.concatenate([past[-1:], predicted]),
        *(frame, PREDICTED, 2.2),
        label="predicted; rims of the view at 0.2, 1, 2 and 5 s",
    )
    _dots(panel, predicted[[each for each in RIM_STEPS.values() if each < len(predicted)]], frame)
    panel.set_xlim(-0.5, width - 0.5)
    panel.set_ylim(height - 0.5, -0.5)
    panel.set_axis_off()
    figure.suptitle(title, x=0.01, horizontalalignment="left", parse_math=False)
    figure.legend(loc="outside upper right", ncols=3, facecolor="0.5", labelcolor="white")
    plots.save(figure, file)


def errors(file: Path, rows: Sequence[dict[str, Any]], title: str) -> None:
    """Draw errors, overlap and gate against the horizon.

    Args:
        file: a .jpg or .png to write.
        rows: as `comparison.table` returns them; those of models are drawn in colours.
        title: shown above.

    Raises:
        InputError: the file cannot be written.
    """
    from matplotlib.figure import Figure

    figure = Figure((_WIDTH_INCHES, 4.6), dpi=_DPI, layout="constrained")
    panels = figure.subplots(1, 3)
    for row in rows:
        horizon = np.arange(1, len(row["error_deg"]) + 1) / tracks.RATE
        style = {"linewidth": 1.8, **_STYLES.get(row["name"], {})}
        (line,) = panels[0].plot(horizon, row["error_deg"], label=row["name"], **style)
        colour = line.get_color()
        panels[1].plot(horizon, row["overlap"], **{**style, "color": colour})
        if row["interval_deg"] is not None:
            band = np.transpose(row["interval_deg"])
            panels[0].fill_between(horizon, *band, color=colour, alpha=0.12, linewidth=0)
        if row["gate"] is not None:
            panels[2].plot(horizon, row["gate"], **{**style, "color": colour})
    labels = ("error (degrees)", "overlap of tiles", "share of the motion's prediction")
    for panel, label in zip(panels, labels, strict=True):
        plots.dress(panel, label)
        panel.set_xlabel("seconds ahead")
        panel.set_ylim(bottom=0.0)
    figure.suptitle(title, x=0.01, horizontalalignment="left", parse_math=False)
    figure.legend(loc="outside lower center", ncols=4)
    plots.save(figure, file)


def coverage(file: Path, direction: Float[np.ndarray, "sample 3"], title: str) -> None:
    """Draw how often each direction was looked into.

    Args:
        file: a .jpg or .png to write.
        direction: unit vectors.
        title: shown above.

    Raises:
        InputError: the file cannot be written.
    """
    from matplotlib.figure import Figure

    yaw, pitch = (np.degrees(each) for each in sphere.to_yaw_pitch(direction))
    count, _, _ = np.histogram2d(pitch, yaw, (36, 72), ((-90.0, 90.0), (-180.0, 180.0)))
    # Rows near the poles are shorter than they are drawn.
    share = count / np.cos(np.radians(np.arange(-87.5, 90.0, 5.0)))[:, None] / len(direction)
    figure = Figure((8.0, 4.6), dpi=_DPI, layout="constrained")
    panel = figure.subplots()
    panel.imshow(share**0.5, origin="lower", extent=(-180, 180, -90, 90), cmap="inferno")
    panel.set_xlabel("yaw (degrees)")
    panel.set_ylabel("pitch (degrees)")
    panel.set_title(title, parse_math=False)
    plots.save(figure, file)


def _line(
    panel: Axes,
    direction: Float[np.ndarray, "point 3"],
    frame: UInt8[np.ndarray, "height width 3"],
    colour: str,
    width: float,
    **style: Any,
) -> None:
    column, row = at_seam(direction, frame.shape[1], frame.shape[0]).T
    panel.plot(column, row, color="black", linewidth=width + 1.2, alpha=0.5)
    panel.plot(column, row, color=colour, linewidth=width, **style)


def _dots(
    panel: Axes, direction: Float[np.ndarray, "point 3"], frame: UInt8[np.ndarray, "h w 3"]
) -> None:
    row, column = sphere.to_pixel(np.asarray(direction), frame.shape[1], frame.shape[0])
    panel.plot(column, row, "o", color=PREDICTED, markersize=6, markeredgecolor="black")

"""The picture of a run: the anchor as measured and smoothed, what is left, and the people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, UInt8

from dvs_jax import plots
from dvs_jax.subject.planning import Everyone, Plan

if TYPE_CHECKING:
    from matplotlib.figure import SubFigure

_RAW, _SMOOTH, _OFF = "#9a9a9a", "#1f5fd0", "#c23b22"
_MOST_PEOPLE = 8


def write(
    file: Path,
    time_s: Float[np.ndarray, " frame"],
    everyone: Everyone,
    thumbnail: list[UInt8[np.ndarray, "side side 3"]],
    plan: Plan,
    title: str,
) -> None:
    """Draw the picture.

    Args:
        file: a .jpg or .png to write.
        time_s: of the frames, in seconds.
        everyone: the people.
        thumbnail: of each track.
        plan: how the frames were moved.
        title: shown above.

    Raises:
        InputError: the file cannot be written.
    """
    from matplotlib.figure import Figure

    figure = Figure((11.0, 8.5), dpi=100, layout="constrained")
    shown = title.encode(errors="replace").decode()
    figure.suptitle(shown, x=0.005, horizontalalignment="left", parse_math=False)
    parts: Any = figure.subfigures(2, height_ratios=(1.0, 4.0))
    _draw_people(parts[0], everyone, thumbnail)
    _draw_anchor(parts[1], time_s, plan)
    plots.save(figure, file)


def _draw_people(
    part: SubFigure, everyone: Everyone, thumbnail: list[UInt8[np.ndarray, "side side 3"]]
) -> None:
    people = everyone.people[:_MOST_PEOPLE]
    panels = part.subplots(1, _MOST_PEOPLE, squeeze=False)[0]
    for panel in panels:
        panel.set_axis_off()
    for number, (panel, person) in enumerate(zip(panels, people, strict=False)):
        panel.imshow(thumbnail[person.track])
        said = f"{number + 1}" + (", followed" if number == everyone.followed else "")
        panel.set_title(said, fontsize=9)


def _draw_anchor(part: SubFigure, time_s: Float[np.ndarray, " frame"], plan: Plan) -> None:
    panels = part.subplots(4, sharex=True)
    known = plan.measured.present
    raw = np.where(known[:, None], plan.measured.place, np.nan)
    off = np.einsum("fij,fj->fi", plan.forward[..., :2], raw) + plan.forward[..., 2] - plan.target
    for axis, name in enumerate("xy"):
        panels[axis].plot(time_s, raw[:, axis], ".", color=_RAW, markersize=3, label="measured")
        panels[axis].plot(time_s, plan.path.place[:, axis], color=_SMOOTH, label="smoothed")
        panels[2 + axis].plot(time_s, off[:, axis], ".-", color=_OFF, markersize=3, linewidth=0.7)
        plots.dress(panels[axis], f"anchor {name} (px)")
        plots.dress(panels[2 + axis], f"from target {name} (px)")
    panels[0].legend(loc="upper right")
    panels[-1].set_xlabel("time (s)")

"""The comparison as a picture."""

import math
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dvs_jax import plots
from dvs_jax.evaluation.comparison import INPUT, ClipResult, Comparison
from dvs_jax.evaluation.methods import Kind

_COLORS: dict[Kind, str] = {
    "input": "#2ca02c",
    "pictures": "#17becf",
    "smoother": "#d08a1f",
    "within frame": "#8c564b",
    "model": "#1f5fd0",
    "method": "#9467bd",
    "whole clip": "0.6",
}
_KINDS: dict[Kind, str] = {
    "input": "input",
    "pictures": "by the pictures alone",
    "smoother": "smoother",
    "within frame": "smoother held within the frame",
    "model": "model",
    "method": "method",
    "whole clip": "seeing the whole clip",
}
# The labels of Gaussian and adaptive smoothing would often overlap.
_LABEL_OFFSETS = (3, -10)
_SIZE_INCHES, _DPI = (13.0, 6.0), 100


def plot(comparison: Comparison, file: Path) -> None:
    """Draw each method's mean jitter against its jerk, and the paths of one clip.

    The clip is the one with the largest input jitter, of those with a gyro. Shown are pitch and yaw
    of the input, of the smoother with the least jitter, and of every network or method with a path
    (see `plots.plot_path` for the angles).

    Args:
        comparison: the results.
        file: where the picture goes, a .png or .jpg; it appears there complete or not at all.

    Raises:
        InputError: the file cannot be written.
    """
    figure = Figure(_SIZE_INCHES, dpi=_DPI, layout="constrained")
    panels = figure.subplot_mosaic([["scores", "pitch"], ["scores", "yaw"]])
    _draw_scores(panels["scores"], comparison)
    _draw_paths([panels["pitch"], panels["yaw"]], comparison)
    plots.save(figure, file)


def _draw_scores(panel: Axes, comparison: Comparison) -> None:
    shown: set[Kind] = set()
    for index, method in enumerate(comparison.methods):
        mean = comparison.means[method.label]
        point = (mean.rotation_jitter_deg, mean.angular_jerk_deg_s3)
        if not all(value > 0.0 for value in point):
            continue
        label = None if method.kind in shown else _KINDS[method.kind]
        panel.scatter(*point, color=_COLORS[method.kind], label=label)
        panel.annotate(
            method.name,
            point,
            (4, _LABEL_OFFSETS[index % 2]),
            textcoords="offset points",
            fontsize=8,
            parse_math=False,
        )
        shown.add(method.kind)
    plots.dress(panel, "angular jerk (deg/s³ RMS)")
    panel.set_xlabel("rotation jitter above 2 Hz (deg RMS)")
    panel.set_xscale("log")
    panel.set_yscale("log")
    count = len(comparison.clips)
    clips = "1 clip" if count == 1 else f"mean of {count} clips"
    panel.set_title(f"{clips}, crop {comparison.crop:g}: lower left is steadier", loc="left")
    if shown:
        panel.legend()


def _draw_paths(panels: list[Axes], comparison: Comparison) -> None:
    clips = [clip for clip in comparison.clips if INPUT in clip.paths]
    if not clips:
        return
    clip = max(clips, key=lambda each: _jitter(each, INPUT))
    real = clip.paths[INPUT]
    time = (real.time_ns - real.time_ns[0]) * 1e-9
    for label, kind in _drawn_methods(comparison, clip):
        angle = plots.angles(real.quaternion, clip.paths[label].quaternion)[1]
        color = None if kind == "model" else _COLORS[kind]
        for axis, panel in enumerate(panels):
            panel.plot(time, angle[:, axis], color=color, label=label, linewidth=1.2)
    for panel, label in zip(panels, ("x, pitch (deg)", "y, yaw (deg)"), strict=True):
        plots.dress(panel, label)
    panels[-1].set_xlabel("time since the first frame (s)")
    # A name may contain "$", Matplotlib's mark of mathematics, and bytes that are not valid UTF-8.
    panels[0].set_title(clip.name.encode(errors="replace").decode(), loc="left", parse_math=False)
    legend = panels[0].legend(fontsize=8)
    for text in legend.get_texts():
        text.set_parse_math(False)


def _drawn_methods(comparison: Comparison, clip: ClipResult) -> list[tuple[str, Kind]]:
    kinds = {method.label: method.kind for method in comparison.methods}
    smoothers = [label for label, kind in kinds.items() if kind == "smoother"]
    models = [label for label in clip.paths if kinds[label] in ("model", "method")]
    best = min(smoothers, key=lambda label: _jitter(clip, label))
    return [(label, kinds[label]) for label in (INPUT, best, *models)]


def _jitter(clip: ClipResult, label: str) -> float:
    jitter = clip.scores[label].rotation_jitter_deg
    return 0.0 if math.isnan(jitter) else jitter

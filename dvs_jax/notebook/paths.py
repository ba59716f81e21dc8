"""The camera's path before and after, as a chart with a switch for each."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from dvs_jax import camera_path, metrics, plots, video
from dvs_jax import clip as clips
from dvs_jax.clip import Clip
from dvs_jax.errors import InputError
from dvs_jax.notebook.page import FOLDER, Page, page
from dvs_jax.stabilization import Report

_WIDTH, _HEIGHT = 900.0, 150.0
_MOST_POINTS = 900
_TURNED = ("pitch (deg)", "yaw (deg)", "roll (deg)")
_SEEN = ("x (px of 640)", "y (px of 640)", "roll (deg)")


def paths(clip: Clip, report: Report) -> Page:
    """Return the chart of a clip's path before and after.

    With a gyro it is the camera's rotation (see `plots.plot_path`), without one what the pictures
    show (see `metrics.seen_path`), for which both videos are read.

    Args:
        clip: what was stabilised.
        report: of that.

    Raises:
        InputError: a file cannot be read.
    """
    if clip.sensors is not None and report.trajectory is not None:
        real, virtual = clips.real_path(clip), camera_path.read(report.trajectory)
        both, labels = plots.angles(real.quaternion, virtual.quaternion), _TURNED
    else:
        before = metrics.seen_path(clips.read_frames(clip), report.kept)
        both, labels = (before, metrics.seen_path(video.read_frames(report.cropped))), _SEEN
    time_ns = clips.center_time_ns(clip)
    return chart((time_ns - time_ns[0]) * 1e-9, *both, labels)


def chart(
    time_s: Float[np.ndarray, "frame"],
    before: Float[np.ndarray, "frame axis"],
    after: Float[np.ndarray, "frame axis"],
    labels: Sequence[str],
) -> Page:
    """Return the chart of two paths; a reader switches each on and off.

    Args:
        time_s: since the first frame, in seconds.
        before: the input's path.
        after: the output's.
        labels: what each axis is, with its unit.

    Raises:
        InputError: there are fewer than two frames.
    """
    if len(time_s) < 2:
        raise InputError("a path needs two frames or more")
    thin = slice(None, None, -(-len(time_s) // _MOST_POINTS))
    panels = [
        _panel(time_s[thin], {"before": before[thin, axis], "after": after[thin, axis]}, label)
        for axis, label in enumerate(labels)
    ]
    return page(FOLDER / "paths.html", 520, panels="\n".join(panels), end=f"{time_s[-1]:.1f}")


def _panel(
    time_s: Float[np.ndarray, "frame"], curves: dict[str, Float[np.ndarray, "frame"]], label: str
) -> str:
    known = np.concatenate([curve[np.isfinite(curve)] for curve in curves.values()])
    low, high = (known.min(), known.max()) if known.size else (0.0, 0.0)
    low, high = (low - 0.5, high + 0.5) if high - low < 1e-9 else (low, high)
    x = (time_s - time_s[0]) / (time_s[-1] - time_s[0]) * _WIDTH
    lines = "".join(
        f'<polyline class="{name}" points="{_points(x, (high - curve) / (high - low) * _HEIGHT)}"/>'
        for name, curve in curves.items()
    )
    return (
        f"<figure><figcaption>{label} <span>{low:.1f} to {high:.1f}</span></figcaption>"
        f'<svg viewBox="0 -2 {_WIDTH:g} {_HEIGHT + 4:g}" preserveAspectRatio="none" role="img" '
        f'aria-label="{label}, before and after">{lines}</svg></figure>'
    )


def _points(x: Float[np.ndarray, "frame"], y: Float[np.ndarray, "frame"]) -> str:
    known = np.isfinite(y)
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x[known], y[known], strict=True))

"""How well the person is kept in place, with the unstabilised input's numbers beside it."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import rich.table
from jaxtyping import Float

from dvs_jax.clip import Clip
from dvs_jax.metrics.high_pass import smooth
from dvs_jax.subject import camera_motion, framing, transform
from dvs_jax.subject.planning import Everyone, Plan
from dvs_jax.subject.survey import Survey, seconds
from dvs_jax.subject.torso_flow import TorsoFlow

JITTER_HZ = 0.5
"""Above which the residual is jitter."""


def _column(label: str, digits: int = 2) -> Any:
    return dataclasses.field(metadata={"label": label, "digits": digits})


@dataclass(frozen=True)
class Row:
    """What is measured of the input or of the output; NaN where undefined.

    Attributes:
        residual_x_px: RMS distance of the measured anchor from the target, across the picture.
        residual_y_px: likewise, down.
        residual_percent: RMS of the whole distance, in percent of the picture's height.
        residual_most_px: the largest distance.
        jitter_x_px: RMS of its part faster than 0.5 Hz, across.
        jitter_y_px: likewise, down.
        torso_x_px: RMS of the torso's flow a frame, across: no pose is in it.
        torso_y_px: likewise, down.
        background_px_s: mean speed of the background where the person is.
        background_px: length of its path there.
        invented_percent: share of the pixels that lie beyond the picture.
    """

    residual_x_px: float = _column("anchor from target x (px)")
    residual_y_px: float = _column("y (px)")
    residual_percent: float = _column("(% of height)")
    residual_most_px: float = _column("most (px)", 1)
    jitter_x_px: float = _column("jitter > 0.5 Hz x (px)")
    jitter_y_px: float = _column("y (px)")
    torso_x_px: float = _column("torso a frame x (px)")
    torso_y_px: float = _column("y (px)")
    background_px_s: float = _column("background (px/s)", 1)
    background_px: float = _column("its path (px)", 0)
    invented_percent: float = _column("invented (%)", 1)


@dataclass(frozen=True)
class Measures:
    """The table of a run.

    Attributes:
        input: of the unstabilised input.
        output: of the result.
        measured: frames in which the anchor was measured.
        interpolated: in gaps of up to a second.
        held: in longer ones and at the ends.
        absent: in shots without the person.
        longest_gap_s: between two measurements, in seconds.
        swaps: frames in which left and right were exchanged.
        largest_scale: by which a frame is enlarged.
        cuts: of the clip.
        frames_s: of each pass, by its name: frames a second.
    """

    input: Row
    output: Row
    measured: int
    interpolated: int
    held: int
    absent: int
    longest_gap_s: float
    swaps: int
    largest_scale: float
    cuts: int
    frames_s: dict[str, float]


def measure(
    clip: Clip,
    found: Survey,
    everyone: Everyone,
    plan: Plan,
    torso: TorsoFlow,
    frames_s: dict[str, float],
) -> Measures:
    """Return the table of a run.

    Args:
        clip: the source.
        found: what the first pass found.
        everyone: the people.
        plan: how the frames were moved.
        torso: the subject's flow.
        frames_s: see `Measures`.
    """
    time_s = seconds(clip)
    still = np.zeros_like(plan.forward)
    still[:, 0, 0] = still[:, 1, 1] = 1.0
    still[:, :, 2] = -plan.window
    before, after = (row(time_s, found, plan, torso, each) for each in (still, plan.forward))
    status = plan.path.status
    seen_s = time_s[plan.measured.present]
    return Measures(
        input=before,
        output=after,
        measured=status.count("measured"),
        interpolated=status.count("interpolated"),
        held=status.count("held"),
        absent=status.count("absent"),
        longest_gap_s=float(np.diff(seen_s).max(initial=0.0)),
        swaps=int(everyone.swapped[everyone.followed].sum()),
        largest_scale=float(plan.scale.max()),
        cuts=len(found.cuts),
        frames_s=frames_s,
    )


def row(
    time_s: Float[np.ndarray, " frame"],
    found: Survey,
    plan: Plan,
    torso: TorsoFlow,
    forward: Float[np.ndarray, "frame 2 3"],
) -> Row:
    """Return what is measured where frames are moved by some transforms.

    Args:
        time_s: of the frames.
        found: what the first pass found.
        plan: the anchor and the target.
        torso: the subject's flow.
        forward: the transforms, to the plan's output.
    """
    known, height = plan.measured.present, found.size[1]
    off = (_at(forward, plan.measured.place) - plan.target)[known]
    away = np.linalg.norm(off, axis=-1)
    fast = _fast(off, time_s[known])
    steps = _steps(forward, torso.place, torso.flow)
    place = np.where(np.isfinite(plan.path.place), plan.path.place, np.array(found.size) / 2.0)
    shift = camera_motion.shifts(place, found.motion, found.size)
    speed = np.linalg.norm(_steps(forward, place, shift), axis=-1)
    backward = transform.inverse(forward)
    return Row(
        *_rms(off),
        100.0 * float(np.sqrt(np.mean(away**2))) / height,
        float(away.max()),
        *_rms(fast),
        *_rms(steps),
        float(np.nansum(speed) / max(time_s[-1] - time_s[0], 1e-9)),
        float(np.nansum(speed)),
        100.0 * float(framing.invented(backward, plan.size, found.size).mean()),
    )


def _at(
    forward: Float[np.ndarray, "frame 2 3"], place: Float[np.ndarray, "frame 2"]
) -> Float[np.ndarray, "frame 2"]:
    return np.einsum("fij,fj->fi", forward[..., :2], place) + forward[..., 2]


def _steps(
    forward: Float[np.ndarray, "frame 2 3"],
    place: Float[np.ndarray, "frame 2"],
    flow: Float[np.ndarray, "frame 2"],
) -> Float[np.ndarray, "frame 2"]:
    """Return how far what was at a place in the frame before moves in the output; first NaN."""
    before = np.full_like(place, np.nan)
    before[1:] = place[:-1]
    now, then = _at(forward, before + flow), np.full_like(place, np.nan)
    then[1:] = _at(forward[:-1], place[:-1])
    return now - then


def _fast(
    off: Float[np.ndarray, "frame 2"], time_s: Float[np.ndarray, " frame"]
) -> Float[np.ndarray, "frame 2"]:
    if len(off) < 2:
        return np.zeros_like(off)
    rate = 1.0 / float(np.median(np.diff(time_s)))
    return off - smooth(off, JITTER_HZ, rate)


def _rms(values: Float[np.ndarray, "frame 2"]) -> tuple[float, float]:
    known = values[np.isfinite(values).all(axis=-1)]
    if len(known) == 0:
        return float("nan"), float("nan")
    x, y = np.sqrt(np.mean(known**2, axis=0))
    return float(x), float(y)


def render(measures: Measures) -> rich.table.Table:
    """Return the table to print, a measure a line."""
    table = rich.table.Table("", "input", "output")
    for column in table.columns[1:]:
        column.justify = "right"
    for field in dataclasses.fields(Row):
        values = [getattr(each, field.name) for each in (measures.input, measures.output)]
        shown = (f"{value:.{field.metadata['digits']}f}" for value in values)
        table.add_row(field.metadata["label"], *shown)
    return table


def as_json(measures: Measures) -> dict[str, Any]:
    """Return the table as JSON's types; what could not be measured is None."""

    def known(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: known(each) for name, each in value.items()}
        return None if isinstance(value, float) and not np.isfinite(value) else value

    told: dict[str, Any] = known(dataclasses.asdict(measures))
    return told

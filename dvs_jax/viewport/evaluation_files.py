"""Compares networks with baselines on recordings, and writes it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dvs_jax.viewport import azimuth, comparison, pictures, saliency_points, tracks
from dvs_jax.viewport.comparison import STEPS
from dvs_jax.viewport.inference import Points
from dvs_jax.viewport.models import load_model
from dvs_jax.viewport.personalisation import Gain
from dvs_jax.viewport.saliency import stored, viewers
from dvs_jax.viewport.strangers import Adapt
from dvs_jax.viewport.traces import reading
from dvs_jax.viewport.traces.reading import Options
from dvs_jax.viewport.tracks import Track
from dvs_jax.whole_file import replacing_together

NUMBERS, PICTURE = "evaluation.json", "evaluation.png"

BY_VIEWERS = "viewers"


class Report(NamedTuple):
    """What was found.

    Attributes:
        lines: to print.
        files: that were written.
    """

    lines: list[str]
    files: list[Path]


def evaluate(
    data: Sequence[Path],
    out: Path,
    models: Sequence[str],
    saliency: str | None = None,
    options: Options | None = None,
    adapt: Adapt | None = None,
) -> Report:
    """Compare on all windows of recordings; write evaluation.json and evaluation.png, or neither.

    Args:
        data: recordings, or folders of them.
        out: folder.
        models: names or folders of networks.
        saliency: a folder of <video>_salxyz.npz; "viewers" for where most viewers of each video
            look; None if nothing is known to be salient.
        options: as `reading.read` takes them.
        adapt: as `comparison.compare` takes it.

    Raises:
        InputError: a recording, a model or the saliency cannot be used; the message says why.
    """
    watched = [tracks.track(trace) for trace in reading.read_all(list(data), options)]
    networks = {Path(each).name: load_model(each) for each in models}
    points = points_of(watched, saliency)
    compared = comparison.compare(watched, points, networks, adapt=adapt)
    rows = comparison.table(compared)
    warnings = [] if saliency == BY_VIEWERS else list(_turned(watched, points))
    content = {
        "windows": len(compared.windows.last),
        "left_out": compared.windows.left_out,
        "viewers": len(np.unique(compared.windows.viewer)),
        "videos": len(np.unique(compared.windows.video)),
        "saliency": saliency,
        "videos_with_saliency": len(points),
        "warnings": warnings,
        "personalisation": {name: _gain(each) for name, each in compared.gains.items()},
        "rows": rows,
    }
    with replacing_together(out) as folder:
        text = json.dumps(content, indent=2, allow_nan=False)
        (folder / NUMBERS).write_text(text + "\n", encoding="utf-8")
        pictures.errors(folder / PICTURE, rows, _title(content))
    lines = [
        *(_title(content), *lines_of(rows)),
        *(_told(name, each) for name, each in compared.gains.items()),
        *(f"warning: {each}" for each in warnings),
    ]
    return Report(lines, [out / NUMBERS, out / PICTURE])


def points_of(watched: Sequence[Track], saliency: str | None) -> dict[str, Points]:
    """Return the salient points of the videos of tracks, by name; see `evaluate`.

    Raises:
        InputError: a file of points cannot be used.
    """
    if saliency is None:
        return {}
    names = sorted({each.video for each in watched})
    if saliency == BY_VIEWERS:
        return {name: _of_viewers([each for each in watched if each.video == name])
                for name in names}  # fmt: skip
    files = {name: Path(saliency) / f"{name.replace('/', '_')}{stored.SUFFIX}" for name in names}
    return {name: stored.read(file).points for name, file in files.items() if file.is_file()}


def lines_of(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return a table of mean errors in degrees, and of the tiles' overlap, as lines."""
    heads = [*STEPS, "< 1 s", "2–5 s", "overlap"]
    lines = [f"{'':>28}" + "".join(f"{each:>8}" for each in heads)]
    for row in rows:
        ranges = row["ranges"]
        shown = [row["error_deg"][step] for step in STEPS.values()]
        shown += [ranges["below 1 s"]["mean_deg"], ranges["2 to 5 s"]["mean_deg"]]
        cells = "".join(f"{each:8.2f}" for each in shown)
        lines.append(f"{row['name'][:28]:>28}{cells}{np.mean(row['overlap']):8.3f}")
    return lines


def _of_viewers(audience: Sequence[Track]) -> Points:
    return saliency_points.of_maps(viewers.maps(tracks.on_clock(audience)), stored.COUNT)


def _turned(watched: Sequence[Track], points: dict[str, Points]) -> list[str]:
    """Warn of videos whose viewers look beside what is salient."""
    told = []
    for name, of_video in points.items():
        found = azimuth.of_audience([each for each in watched if each.video == name], of_video)
        if found is not None and found.is_off:
            told.append(f"video {name}: {found.told()}")
    return told


def _gain(gain: Gain) -> dict[str, Any]:
    """As JSON values; degrees and square degrees."""
    return {
        "gain_deg": dict(zip(gain.viewer.tolist(), gain.gain_deg.tolist(), strict=True)),
        "variance_before": gain.variance_before,
        "variance_after": gain.variance_after,
    }


def _told(name: str, gain: Gain) -> str:
    least, most = gain.gain_deg.min(), gain.gain_deg.max()
    return (
        f"{name}: knowing viewers is worth {gain.gain_deg.mean():.2f}° in the mean of viewers, "
        f"from {least:.2f}° to {most:.2f}°; the variance of their mean errors was "
        f"{gain.variance_before:.2f} and is {gain.variance_after:.2f} square degrees"
    )


def _title(content: dict[str, Any]) -> str:
    return (
        f"{content['windows']} windows of {content['viewers']} viewers and {content['videos']} "
        f"videos; mean degrees; {content['left_out']} windows with invalid samples are left out"
    )

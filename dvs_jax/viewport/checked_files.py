"""Checks recordings, and writes what was found."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from dvs_jax.viewport import checking, pictures
from dvs_jax.viewport.checking import Verdict
from dvs_jax.viewport.saliency import stored
from dvs_jax.viewport.traces import reading
from dvs_jax.viewport.traces.reading import Options
from dvs_jax.whole_file import replacing_together

NUMBERS = "check.json"


def check(
    recordings: Sequence[Path],
    out: Path | None = None,
    options: Options | None = None,
    saliency: Path | None = None,
) -> list[Verdict]:
    """Return a verdict on each recording; write check.json, and pictures of where each looked.

    Args:
        recordings: files, or folders of them.
        out: folder; None to write nothing.
        options: as `reading.read` takes them.
        saliency: points or maps of their video, by which the azimuth is checked; None for none.

    Raises:
        InputError: there is no recording, the saliency cannot be used, or a file cannot be written.
    """
    files = [file for path in recordings for file in reading.find(path)]
    points = None if saliency is None else stored.points_of(saliency)
    verdicts = [each for file in files for each in checking.check(file, options, points)]
    if out is not None:
        _write(out, verdicts)
    return verdicts


def line(verdict: Verdict) -> str:
    """Return a verdict without its findings as one line."""
    if verdict.trace is None:
        return f"{verdict.verdict:>16}: {verdict.file} ({verdict.layout})"
    found = verdict.measures
    kinds = [name for name in ("gaze", "face") if found[name]]
    return (
        f"{verdict.verdict:>16}: {verdict.file} ({verdict.layout}): viewer {verdict.viewer}, video "
        f"{verdict.video}, {found['length_s']:.1f} s at {found['rate_hz']:g} Hz"
        f"{''.join(f', {kind}' for kind in kinds)}, {found['mean_speed_deg_s']:g}°/s"
    )


def _write(out: Path, verdicts: Sequence[Verdict]) -> None:
    with replacing_together(out) as folder:
        for number, verdict in enumerate(verdicts):
            if verdict.trace is not None:
                name = re.sub(r"\W+", "_", f"{verdict.viewer}_{verdict.video}")
                title = f"where {verdict.viewer} looked in {verdict.video}"
                file = folder / f"{number:03}_{name[:80]}_coverage.png"
                pictures.coverage(file, verdict.trace.direction, title)
        text = json.dumps([each.as_json() for each in verdicts], indent=2, allow_nan=False)
        (folder / NUMBERS).write_text(text + "\n", encoding="utf-8")

"""Whether a recording is good: what it holds, what is wrong with it, and what to do."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dvs_jax.errors import InputError
from dvs_jax.sensors.table import Table
from dvs_jax.viewport import azimuth, sphere, tracks
from dvs_jax.viewport.inference import Points
from dvs_jax.viewport.traces import columns, playback, quest, reading
from dvs_jax.viewport.traces.reading import Options
from dvs_jax.viewport.traces.trace import LONGEST_GAP_S, HeadTrace

GOOD, USABLE, REFUSE = "good", "usable", "refuse"

_BLINK = 0.5
"""Weight from which an eye counts as closed."""

_LOST_S = 0.5
"""A face that is lost for less is not told of."""

_UNSTEADY = 0.5
"""Share of the usual step by which steps may differ."""


@dataclass
class Verdict:
    """What is told of a recording.

    Attributes:
        file: its first file.
        layout: one of `reading.LAYOUTS`.
        verdict: "good", "usable", or "refuse".
        findings: what is wrong, what that costs and what to do, a sentence each.
        viewer: who watched; "" where it is refused.
        video: what was watched, likewise.
        measures: numbers by name, with their units.
        trace: what was read; None where it is refused.
    """

    file: Path
    layout: str
    verdict: str = GOOD
    findings: list[str] = field(default_factory=list)
    viewer: str = ""
    video: str = ""
    measures: dict[str, Any] = field(default_factory=dict)
    trace: HeadTrace | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "file": str(self.file),
            "layout": self.layout,
            "verdict": self.verdict,
            "findings": self.findings,
            "viewer": self.viewer,
            "video": self.video,
            "measures": self.measures,
        }


def check(
    file: Path, options: Options | None = None, points: Points | None = None
) -> Iterator[Verdict]:
    """Yield a verdict on each viewer of a recording, or one where it is refused.

    Args:
        file: one of a recording's files.
        options: as `reading.read` takes them.
        points: salient points of its video, by which its azimuth is checked; None for none.
    """
    layout = reading.layout(file)
    try:
        with _warnings() as told:
            traces = reading.read(file, options)
    except InputError as error:
        yield Verdict(file, layout, REFUSE, [str(error)])
        return
    recorded = quest.tables_of(file) if layout == "quest" else {}
    for trace in traces:
        verdict = Verdict(
            file, layout, findings=list(told), viewer=trace.viewer, video=trace.video, trace=trace
        )
        verdict.measures = measures(trace)
        verdict.findings += _of_trace(verdict.measures)
        _look_into(verdict, recorded)
        if points is not None:
            _check_azimuth(verdict, trace, points)
        verdict.verdict = USABLE if verdict.findings else GOOD
        yield verdict


def measures(trace: HeadTrace) -> dict[str, Any]:
    """Return what a trace amounts to, as JSON values."""
    step = np.diff(trace.time_s)
    usual = float(np.median(step))
    gaps = step[step > LONGEST_GAP_S]
    turn = np.degrees(sphere.distance(trace.direction[:-1], trace.direction[1:]))
    usable = trace.valid[1:] & trace.valid[:-1] & (step <= LONGEST_GAP_S)
    jumps = playback.jumps(trace.time_s, trace.direction)
    rows, columns_ = sphere.to_pixel(trace.direction, 36, 18)
    seen = np.unique(np.rint(rows) * 36 + np.rint(columns_)).size
    return {
        "length_s": round(float(trace.time_s[-1] - trace.time_s[0]), 3),
        "rate_hz": round(1.0 / usual, 2),
        "jitter_ms": round(1000.0 * float(np.std(step[step <= LONGEST_GAP_S])), 3),
        "gaps": len(gaps),
        "longest_gap_s": round(float(gaps.max(initial=0.0)), 3),
        "invalid_by_jump": round(float((~trace.valid & jumps).mean()), 4),
        "invalid_by_stuck_clock": round(float((~trace.valid & ~jumps).mean()), 4),
        "mean_speed_deg_s": round(float(turn[usable].sum() / step[usable].sum()), 2),
        "sphere_seen": round(seen / (18 * 36), 3),
        "gaze": trace.gaze is not None,
        "face": trace.face is not None,
    }


def _of_trace(found: dict[str, Any]) -> Iterator[str]:
    if found["gaps"]:
        yield (
            f"{found['gaps']} gaps, the longest of {found['longest_gap_s']:g} s, are not bridged, "
            "and each costs 8 s of windows; find out what stops the recorder"
        )
    if found["invalid_by_jump"]:
        yield (
            f"{found['invalid_by_jump']:.1%} of the samples turn faster than "
            f"{playback.FASTEST_DEG_S:g}°/s and are left out; the tracker lost the headset"
        )
    if found["invalid_by_stuck_clock"]:
        yield (
            f"{found['invalid_by_stuck_clock']:.1%} of the samples were taken while the video's "
            "clock stood still, and are left out; the player paused or stalled"
        )
    if found["jitter_ms"] > 1000.0 * _UNSTEADY / found["rate_hz"]:
        yield (
            f"samples come unevenly ({found['jitter_ms']:g} ms about {1000 / found['rate_hz']:.1f} "
            "ms), which costs accuracy below 1 s; close what else runs on the headset"
        )
    if found["mean_speed_deg_s"] == 0.0:
        yield "the head never moves, as on a table; nothing is learned from it"


def _look_into(verdict: Verdict, recorded: dict[str, Table]) -> None:
    """Tell of what the recorder's tables say about eyes and face."""
    still = [
        f"{table.file.name}: {name}"
        for table in recorded.values()
        for name in ("HeadYaw", "HeadPitch", "GazeYaw", "GazePitch", "FaceActivity", "GazeDir.x")
        if columns.has(table, name) and np.ptp(columns.require(table, name)) == 0.0
    ]
    if still:
        verdict.findings.append(
            f"never change: {', '.join(still)}; eyes or face were not recorded, so that switches "
            "that read them learn nothing; grant the recorder the permission"
        )
    eyes = [
        columns.require(table, *names).mean(axis=-1)
        for table in recorded.values()
        for names in (("BlinkL", "BlinkR"),)
        if columns.has(table, *names)
    ]
    if eyes:
        verdict.measures["blink_share"] = round(float((eyes[0] > _BLINK).mean()), 4)
    lost = _lost_face(recorded)
    if lost:
        spans = ", ".join(f"{begin:.1f} to {end:.1f} s" for begin, end in lost[:5])
        verdict.findings.append(
            f"the face is lost from {spans}{' and more often' if len(lost) > 5 else ''}, and taken "
            "as at rest; seat the headset closer"
        )


def _lost_face(recorded: dict[str, Table]) -> list[tuple[float, float]]:
    """Spans, in seconds of the video's clock, in which all weights of a recorded face are 0."""
    table = recorded.get("face")
    if table is None:
        return []
    other = {"timestamp", "playbacktime", "videoframe", "faceisvalid"}
    places = [i for i, name in enumerate(table.names) if name.lower() not in other]
    lost = ~np.nan_to_num(table.values[:, places]).any(axis=1)
    if lost.all():
        return []
    time = columns.require(table, "PlaybackTime")[:, 0]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], lost.astype(int), [0]])))
    spans = [(float(time[i]), float(time[j - 1])) for i, j in edges.reshape(-1, 2)]
    return [(begin, end) for begin, end in spans if end - begin > _LOST_S]


def _check_azimuth(verdict: Verdict, trace: HeadTrace, points: Points) -> None:
    found = azimuth.offset(tracks.track(trace), points)
    if found is None:
        return
    verdict.measures["azimuth_turn_deg"] = round(found.turn_deg, 1)
    verdict.measures["azimuth_gain"] = round(found.gain, 2)
    if found.is_off:
        verdict.findings.append(found.told())


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """Yield the warnings that are logged meanwhile, which then are not printed."""
    log, told = logging.getLogger("dvs_jax"), []

    class Keep(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            if record.levelno >= logging.WARNING:
                told.append(record.getMessage())
            return False

    keep = Keep()
    log.addFilter(keep)
    try:
        yield told
    finally:
        log.removeFilter(keep)

"""Predicts what a viewer of a video will see, and writes it: table, pictures, numbers."""

import csv
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from dvs_jax import video
from dvs_jax.errors import InputError
from dvs_jax.progress import Track as ShowProgress
from dvs_jax.progress import silently
from dvs_jax.video import VideoInfo, VideoWriter
from dvs_jax.viewport import (
    comparison,
    pictures,
    saliency_points,
    sphere,
    strangers,
    tiles,
    tracks,
)
from dvs_jax.viewport.forecast import Forecast, forecast
from dvs_jax.viewport.inference import Points
from dvs_jax.viewport.saliency.queue import described, tinted
from dvs_jax.viewport.starvp.network import Network
from dvs_jax.viewport.traces.trace import HeadTrace
from dvs_jax.whole_file import replacing_together

HEADER = (
    *("t_s", "horizon_s", "yaw_deg", "pitch_deg", "x", "y", "z", "gate"),
    *("true_yaw_deg", "true_pitch_deg", "error_deg"),
)

_CRF, _PRESET = 20, "veryfast"


@dataclass(frozen=True)
class Wanted:
    """What is to be written.

    Attributes:
        out: folder.
        at_s: of which instant a picture is drawn; None for the middle of those predicted.
        forward: share of the picture's width at which yaw is 0, for the table.
        tiles: whether the tiles in view are written too.
        video: whether the video with the predictions over it is.
        adapt_s: of the recording's begin, from which the viewer is learned; then only what follows
            is predicted. None to learn nothing.
    """

    out: Path
    at_s: float | None = None
    forward: float = sphere.FORWARD
    tiles: bool = False
    video: bool = False
    adapt_s: float | None = None


def write(
    file: Path,
    trace: HeadTrace,
    network: tuple[str, Network],
    points: Points | None,
    wanted: Wanted,
    track: ShowProgress = silently,
) -> list[Path]:
    """Predict, and write files that begin with the video's name; all of them or none.

    Args:
        file: the video.
        trace: of its viewer.
        network: a model's name, and the model.
        points: the video's salient points; None if nothing is known.
        wanted: what to write.
        track: shows the progress.

    Returns:
        The files.

    Raises:
        InputError: video or trace cannot be used, or a file cannot be written.
    """
    info = described(file)
    watched = tracks.track(trace)
    known = {} if points is None else {trace.video: points}
    name, model = network
    found = _forecast(model, watched, known, wanted.adapt_s)
    _require_within(file, info, found)
    rows = _rows(watched, known, name, model, wanted.adapt_s)
    with replacing_together(wanted.out) as folder:
        stem = folder / file.stem
        _write_table(_beside(stem, "_viewport.csv"), found, wanted.forward)
        _write_picture(_beside(stem, "_viewport.jpg"), info, found, points, wanted.at_s)
        if rows:
            pictures.errors(_beside(stem, "_error.jpg"), rows, f"{file.name}, {trace.viewer}")
        _write_numbers(_beside(stem, "_metrics.json"), file, trace, name, rows)
        if wanted.tiles:
            _write_tiles(_beside(stem, "_tiles.csv"), found)
        if wanted.video:
            _write_video(_beside(stem, "_viewport.mp4"), info, found, track)
        written = sorted(each.name for each in folder.iterdir() if each.name.startswith(file.stem))
    return [wanted.out / each for each in written]


def _forecast(
    model: Network, watched: tracks.Track, points: dict[str, Points], adapt_s: float | None
) -> Forecast:
    known = points.get(watched.video)
    if adapt_s is None:
        return forecast(model, watched, known)
    names = watched.viewer, watched.video
    learned = strangers.learned(model, [watched], points, *names, adapt_s)
    return forecast(learned, watched, known, round(adapt_s * tracks.RATE))


def _rows(
    watched: tracks.Track,
    points: dict[str, Points],
    name: str,
    model: Network,
    adapt_s: float | None,
) -> list[dict[str, Any]]:
    """Of the model and the baselines; none where no instant's future is known in full."""
    try:
        compared = comparison.compare([watched], points, {name: model}, adapt=adapt_s)
    except InputError:
        return []
    return comparison.table(compared)


def _require_within(file: Path, info: VideoInfo, found: Forecast) -> None:
    length = float(info.time_ns[-1] - info.time_ns[0]) * 1e-9
    if found.last[0] / tracks.RATE > length:
        raise InputError(
            f"{file}: is {length:.1f} s long, and the recording can be predicted from "
            f"{found.last[0] / tracks.RATE:.1f} s on; give the video that was watched"
        )


def _beside(stem: Path, end: str) -> Path:
    return stem.with_name(stem.name + end)


def _write_table(file: Path, found: Forecast, forward: float) -> None:
    yaw, pitch = (np.degrees(each) for each in sphere.to_yaw_pitch(found.direction, forward))
    true_yaw, true_pitch = (np.degrees(each) for each in sphere.to_yaw_pitch(found.true, forward))
    error = np.degrees(sphere.distance(found.direction, found.true))
    with file.open("w", newline="", encoding="utf-8") as opened:
        table = csv.writer(opened, lineterminator="\n")
        table.writerow(HEADER)
        for i, last in enumerate(found.last):
            for k in range(yaw.shape[1]):
                told = (yaw[i, k], pitch[i, k], *found.direction[i, k], found.gate[i, k])
                came = (true_yaw[i, k], true_pitch[i, k], error[i, k])
                table.writerow(
                    [f"{last / tracks.RATE:.1f}", f"{(k + 1) / tracks.RATE:.1f}"]
                    + [f"{each:.6g}" for each in told]
                    + ["" if np.isnan(each) else f"{each:.6g}" for each in came]
                )


def _write_tiles(file: Path, found: Forecast) -> None:
    """A line for each instant and step: the numbers of the tiles in view, row by row from 0."""
    seen = tiles.in_view(found.direction).reshape(*found.gate.shape, -1)
    with file.open("w", newline="", encoding="utf-8") as opened:
        table = csv.writer(opened, lineterminator="\n")
        table.writerow(("t_s", "horizon_s", "tiles"))
        for i, k in itertools.product(*map(range, found.gate.shape)):
            chosen = " ".join(map(str, np.flatnonzero(seen[i, k])))
            at = found.last[i] / tracks.RATE
            table.writerow((f"{at:.1f}", f"{(k + 1) / tracks.RATE:.1f}", chosen))


def _write_picture(
    file: Path, info: VideoInfo, found: Forecast, points: Points | None, at_s: float | None
) -> None:
    instants = found.last / tracks.RATE
    chosen = len(instants) // 2 if at_s is None else int(np.argmin(np.abs(instants - at_s)))
    if at_s is not None and abs(instants[chosen] - at_s) > 0.5 / tracks.RATE + 1e-6:
        raise InputError(
            f"{info.path}: nothing is predicted at {at_s:g} s, but from {instants[0]:g} to "
            f"{instants[-1]:g} s; give --at between"
        )
    frame = _frame_at(info, float(instants[chosen]))
    if points is not None and found.last[chosen] < len(points):
        frame = tinted(frame, saliency_points.glow(points[found.last[chosen]]))
    title = f"{info.path.name} at {instants[chosen]:.1f} s"
    each = found.past[chosen], found.direction[chosen], found.true[chosen]
    pictures.view(file, frame, *each, title)


def _frame_at(info: VideoInfo, at_s: float) -> np.ndarray:
    since_s = (info.time_ns - info.time_ns[0]) * 1e-9
    number = int(np.argmin(np.abs(since_s - at_s)))
    return next(itertools.islice(video.read_frames(info.path), number, None))


def _write_numbers(
    file: Path, of: Path, trace: HeadTrace, name: str, rows: list[dict[str, Any]]
) -> None:
    content = {"video": of.name, "viewer": trace.viewer, "model": name, "rows": rows}
    file.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def _write_video(file: Path, info: VideoInfo, found: Forecast, track: ShowProgress) -> None:
    since_s = (info.time_ns - info.time_ns[0]) * 1e-9
    at = np.searchsorted(found.last / tracks.RATE, since_s + 1e-6, side="right") - 1
    frames = track(video.read_frames(info.path), info.frame_count, "drawing")
    with VideoWriter(file, info, info.width, info.height, _CRF, _PRESET) as writer:
        for number, frame in enumerate(frames):
            if at[number] >= 0:
                frame = drawn(frame, found, int(at[number]))
            writer.write(frame, int(info.time_ns[number]))


def drawn(frame: np.ndarray, found: Forecast, instant: int) -> np.ndarray:
    """Return a frame with the past, the prediction, what came, and the view's rim in 1 s."""
    drawn = np.ascontiguousarray(frame).copy()
    true = found.true[instant][np.isfinite(found.true[instant]).all(axis=-1)]
    lines = (
        (found.past[instant], pictures.PAST),
        (true, pictures.TRUE),
        (found.direction[instant], pictures.PREDICTED),
        (pictures.rim(found.direction[instant, 4]), pictures.PREDICTED),
    )
    for direction, colour in lines:
        for piece in _pieces(direction, frame.shape[1], frame.shape[0]):
            rgb = tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5))
            thickness = max(1, frame.shape[0] // 240)
            cv2.polylines(drawn, [piece], False, rgb, thickness, cv2.LINE_AA)
    return drawn


def _pieces(direction: np.ndarray, width: int, height: int) -> Iterator[np.ndarray]:
    if not len(direction):
        return
    line = pictures.at_seam(direction, width, height)
    breaks = np.flatnonzero(np.isnan(line[:, 0]))
    for piece in np.split(line, breaks):
        whole = piece[np.isfinite(piece[:, 0])]
        if len(whole) > 1:
            yield np.rint(whole).astype(np.int32)

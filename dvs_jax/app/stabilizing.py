"""An upload to what the page shows of it."""

import dataclasses
import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dvs_jax import camera_path, metrics, notebook, video
from dvs_jax import clip as clips
from dvs_jax.app import methods
from dvs_jax.app.wording import on_page
from dvs_jax.calibration import with_camera_found
from dvs_jax.camera import Camera
from dvs_jax.clip import Clip, load_clip
from dvs_jax.errors import InputError
from dvs_jax.evaluation.rendering import cropped
from dvs_jax.metrics import MetricsTable
from dvs_jax.progress import Track
from dvs_jax.sensors import FrameTimes
from dvs_jax.stabilization import Report, stabilize
from dvs_jax.stabilization.live import stabilized_file
from dvs_jax.stabilization.making import measure_against_input
from dvs_jax.stabilization.settings import DEFAULT_CROP
from dvs_jax.video import VideoInfo

_PREVIEW_SIDE = 960

_log = logging.getLogger("dvs_jax")


@dataclass(frozen=True)
class Wish:
    """What a visitor wants; see `stabilize`.

    Attributes:
        method: one of `methods.CHOICES`.
        crop: the most that may be cut off at each side.
        strength: how strongly to smooth; 0 as the clip needs it.
        horizon_lock: whether the horizon is kept level.
        side_by_side: whether there is a video of both.
        measure: whether the metrics follow.
    """

    method: str = "auto"
    crop: float = 0.1
    strength: float = 0.0
    horizon_lock: bool = False
    side_by_side: bool = False
    measure: bool = True


@dataclass(frozen=True)
class Limits:
    """What is taken: megabytes of all files of an upload together, and seconds of the video."""

    megabytes: float = 2000.0
    seconds: float = 600.0


@dataclass(frozen=True)
class Made:
    """What was made of an upload.

    Attributes:
        clip: the upload, as the method saw it.
        report: of its stabilisation.
        preview: the video that the player shows.
        shown: what it shows (see `notebook.write_preview`).
        paths: the chart of the path, as HTML.
        notes: what the visitor should know.
    """

    clip: Clip
    report: Report
    preview: Path
    shown: VideoInfo
    paths: str
    notes: list[str]


def load(folder: Path, limits: Limits) -> Clip:
    """Load an upload.

    Args:
        folder: holds the video, and its logs if there are any.
        limits: of what is taken.

    Raises:
        InputError: it is none that can be read, or beyond the limits.
    """
    size = sum(file.stat().st_size for file in folder.iterdir())
    if size > limits.megabytes * 1e6:
        raise InputError(
            f"{size / 1e6:.0f} MB are too much: at most {limits.megabytes:g} MB are taken here"
        )
    clip = load_clip(folder)
    time_ns = clip.video.time_ns[: clip.frame_count]
    lasts_s = (time_ns[-1] - time_ns[0]) * 1e-9
    if lasts_s > limits.seconds:
        raise InputError(
            f"the video lasts {lasts_s:.0f} s: at most {limits.seconds:g} s are taken here; cut it"
        )
    return with_camera_found(clip, None, FrameTimes())


def make(folder: Path, wish: Wish, limits: Limits, results: Path, track: Track) -> Made:
    """Stabilise an upload, and make what the page shows; the metrics are not measured yet.

    Args:
        folder: see `load`.
        wish: what is wanted.
        limits: see `load`.
        results: an empty folder.
        track: reports the progress.

    Raises:
        InputError: it cannot be stabilised so; the message names no folder.
    """
    with _noted() as notes, _without_folders(folder):
        steered = wish.horizon_lock or wish.strength > 0.0
        clip, given = methods.chosen(wish.method, load(folder, limits), steered)
        report = stabilize(
            clip,
            results,
            **given,
            horizon_lock=wish.horizon_lock,
            strength=wish.strength or None,
            crop=wish.crop,
            side_by_side=wish.side_by_side,
            uncropped=wish.measure,
            codec="h264",
            track=track,
        )
        made = _made(clip, report, results, track)
    notes = [on_page(each.replace(f"{folder}/", "")) for each in notes]
    return dataclasses.replace(made, notes=notes)


def recorded(file: Path, wish: Wish, results: Path, track: Track) -> Made:
    """Make what the page shows of a live recording, which has ended.

    Args:
        file: see `Live.file`.
        wish: whether there is a video of both.
        results: an empty folder.
        track: reports the progress.

    Raises:
        InputError: it cannot be read.
    """
    clip, steady = load_clip(file, read_sensors=False), stabilized_file(file)
    both = results / "side_by_side.mp4" if wish.side_by_side else None
    if both is not None:
        notebook.write_preview(clip, steady, both, max(clip.size), track=track)
    kept = 1.0 - 2.0 * DEFAULT_CROP
    report = Report(None, None, None, steady, kept, explained=math.nan, side_by_side=both)
    return _made(clip, report, results, track)


def _made(clip: Clip, report: Report, results: Path, track: Track) -> Made:
    preview = results / "preview.mp4"
    shown = notebook.write_preview(clip, report.cropped, preview, _PREVIEW_SIDE, track=track)
    return Made(clip, report, preview, shown, notebook.paths(clip, report).framed(), [])


def measure(made: Made, track: Track) -> MetricsTable:
    """Measure input and output; the wish had asked for it."""
    if made.report.uncropped is None:
        return _measured_as_watched(made, track)
    trajectory = made.report.trajectory
    virtual = None if trajectory is None else camera_path.read(trajectory)
    return measure_against_input(made.clip, virtual, made.report, track)


def _measured_as_watched(made: Made, track: Track) -> MetricsTable:
    """Measure a video that there is cropped alone."""
    clip, kept = made.clip, made.report.kept
    results = track(video.read_frames(made.report.cropped), clip.frame_count, "measuring")
    pairs = (
        (frame, [result]) for frame, result in zip(clips.read_frames(clip), results, strict=False)
    )
    camera = Camera()
    seen = cropped(camera, kept)
    before, (after,) = metrics.measure_each(pairs, clips.center_time_ns(clip), camera, seen, kept)
    return MetricsTable(before, after)


@contextmanager
def _without_folders(folder: Path) -> Iterator[None]:
    """Leave the server's folders out of errors, and options of the command line."""
    try:
        yield
    except InputError as error:
        said = str(error).replace(f"{folder}/", "").replace(f"{folder}: ", "")
        raise InputError(on_page(said)) from error


@contextmanager
def _noted() -> Iterator[list[str]]:
    """Collect what is said to the user meanwhile; one job runs at a time."""
    notes: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: notes.append(record.getMessage())  # type: ignore[method-assign]
    _log.addHandler(handler)
    try:
        yield notes
    finally:
        _log.removeHandler(handler)

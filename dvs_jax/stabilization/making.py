"""A clip's output files while they are written, and the report of them afterwards."""

import dataclasses
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import av
import numpy as np

from dvs_jax import camera_path, metrics, plots, sensors, video
from dvs_jax import clip as clips
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath
from dvs_jax.clip import Clip
from dvs_jax.errors import InputError, document
from dvs_jax.metrics import MetricsTable
from dvs_jax.progress import Track, silently
from dvs_jax.stabilization.agreement import Agreement
from dvs_jax.stabilization.framing import Shown
from dvs_jax.stabilization.report import Report
from dvs_jax.stabilization.settings import VIDEO_ENDINGS, Settings
from dvs_jax.video import VideoWriter
from dvs_jax.video.side_by_side import arrangement, joined, joined_size
from dvs_jax.whole_file import replacing, replacing_together

LEAST_EXPLAINED = 0.5
"""Fraction of the pictures' motion below which a gyro that explains no more is taken for wrong;
parallax alone lowers it."""

_log = logging.getLogger("dvs_jax")


class Making:
    """A clip's output files while they are written.

    Attributes:
        clip: the source.
        writers: of the cropped video and, if wanted, of the uncropped one.
        side_by_side: the writer of the input beside the cropped result; None if it is not wanted.
        folder: where they are made.
        kept: which share was shown of each frame so far.
        agreement: of the gyro with the frames that `pictures` has yielded; None of a method that
            does not go by the gyro.
    """

    def __init__(
        self,
        clip: Clip,
        writers: Sequence[VideoWriter],
        side_by_side: VideoWriter | None,
        folder: Path,
        by_gyro: bool,
    ):
        """Begin with nothing."""
        self.clip, self.writers, self.folder = clip, writers, folder
        self.side_by_side = side_by_side
        self.kept: list[float] = []
        self._poses: list[np.ndarray | None] = []
        self.agreement = _agreement_of(clip) if by_gyro else None

    @property
    def path(self) -> CameraPath | None:
        """The virtual camera's path, once all frames are written; None without poses."""
        poses = [pose for pose in self._poses if pose is not None]
        if len(poses) < len(self._poses) or not poses:
            return None
        return CameraPath(clips.center_time_ns(self.clip), np.stack(poses).astype(np.float64))

    @property
    def explained(self) -> float:
        """See `Report.explained`."""
        return float("nan") if self.agreement is None else self.agreement.explained()

    def pictures(self) -> Iterator[av.VideoFrame]:
        """Yield the clip's frames, and compare some of them with the gyro."""
        for index, picture in enumerate(clips.read_pictures(self.clip)):
            if self.agreement is not None and self.agreement.wants(index):
                self.agreement.watch(index, picture)
            yield picture

    @contextmanager
    def videos(self) -> Iterator[None]:
        """Begin the videos, and finish them at the end."""
        with ExitStack() as files:
            for writer in (*self.writers, self.side_by_side):
                if writer is not None:
                    files.enter_context(writer)
            yield

    def write(self, shown: Shown, source: av.VideoFrame, pictures: Sequence[av.VideoFrame]) -> None:
        """Append a frame, the input's and as drawn for each writer, to the videos."""
        time_ns = int(self.clip.video.time_ns[len(self.kept)])
        self.kept.append(shown.kept)
        self._poses.append(shown.frame.pose)
        if self.side_by_side is not None:
            both = joined(source, pictures[0], arrangement(self.clip.video))
            self.side_by_side.write_picture(both, time_ns)
        for writer, picture in zip(self.writers, pictures, strict=True):
            writer.write_picture(picture, time_ns)


def results_of(clip: Clip) -> str:
    """Return the name of the lock for a clip's results in a folder (see `whole_file.locked`)."""
    return f"the results of {clip.name}"


@contextmanager
def making(clip: Clip, folder: Path, settings: Settings, by_gyro: bool) -> Iterator[Making]:
    """Yield what makes a clip's results; they appear together at the end, with path and plot.

    After an exception nothing has changed. Errors are those of `stabilize`.

    Args:
        clip: the source.
        folder: for the results.
        settings: what is wanted.
        by_gyro: whether the method goes by the gyro, which is then compared with the pictures.
    """
    if clip.images is None and folder.resolve() == clip.video.path.resolve():
        raise InputError(
            f"{folder}: the results would lie among the frames; choose another folder for them"
        )
    _require_no_file_of_others(clip.name, folder)
    with replacing_together(folder) as unfinished:
        made = Making(clip, *_writers(clip, unfinished, settings), unfinished, by_gyro)
        yield made
        if len(made.kept) < clip.frame_count:
            raise InputError(
                f"{clip.video.path}: only {len(made.kept)} of {clip.frame_count} frames can be "
                "decoded"
            )
        _require_agreement(clip, made.explained, settings.force)
        if made.agreement is not None and made.agreement.contradicted():
            _log.warning(
                "%s: the gyro tells of motion, and the pictures stand still; if the result moves, "
                "stabilise with --sensors none",
                clip.video.path,
            )
        if made.path is not None:
            camera_path.write(made.path, unfinished / f"{clip.name}.txt")
            if clip.sensors is not None:
                _plot(clip, made.path, unfinished / f"{clip.name}.jpg")


def _writers(
    clip: Clip, folder: Path, settings: Settings
) -> tuple[list[VideoWriter], VideoWriter | None]:
    """Return the writers of the cropped and the uncropped video, and of the one of both sides."""
    cropped, uncropped, side_by_side = _videos(clip, folder, settings.ending)
    files = [cropped, uncropped] if settings.with_uncropped else [cropped]
    writers = [_writer(clip, file, clip.size, settings) for file in files]
    if not settings.side_by_side:
        return writers, None
    return writers, _writer(clip, side_by_side, joined_size(clip.video, clip.size), settings)


def _videos(clip: Clip, folder: Path, suffix: str) -> list[Path]:
    return [folder / f"{clip.name}{end}{suffix}" for end in clips.RESULTS]


def _writer(clip: Clip, file: Path, size: tuple[int, int], settings: Settings) -> VideoWriter:
    crf, preset, encoder = settings.crf, settings.preset, settings.encoder
    like = clip.video if settings.audio else dataclasses.replace(clip.video, has_audio=False)
    return VideoWriter(file, like, *size, crf, preset, encoder, settings.codec)


def finish(made: Making, folder: Path, measure: bool, track: Track = silently) -> Report:
    """Remove outdated files of an earlier run, compute the metrics if wanted, and report.

    Args:
        made: the results, which have appeared.
        folder: where they are.
        measure: whether to compute the metrics.
        track: reports the progress.
    """
    clip, report = made.clip, _report(made, folder)
    _remove_what_does_not_hold(folder, clip.name, report)
    if not measure:
        return report
    made_too = "the videos" if made.path is None else "the videos, the path and its plot"
    _log.info("%s: %s are written; the metrics follow", folder, made_too)
    table = measure_against_input(clip, made.path, report, track)
    metrics_file = folder / f"{clip.name}_metrics.json"
    write_metrics(table, report, metrics_file)
    return dataclasses.replace(report, metrics_file=metrics_file, metrics=table)


def _require_no_file_of_others(name: str, folder: Path) -> None:
    """A photo and notes that lie beside a video often bear its name, as its plot and path do."""
    for file in (folder / f"{name}{end}" for end in (".txt", ".jpg")):
        if file.exists() and not _has_path_of_earlier_run(name, folder):
            movie = f"{name}{clips.RESULTS[0]}{VIDEO_ENDINGS[0]}"
            raise InputError(
                f"{file}: is no result of an earlier run, as {movie} with its path is not beside "
                "it, and would be replaced; move it away, or choose another folder for the results"
            )


def _has_path_of_earlier_run(name: str, folder: Path) -> bool:
    """Return whether an earlier run wrote path and plot there: of notes and photos none did."""
    movies = (folder / f"{name}{clips.RESULTS[0]}{suffix}" for suffix in VIDEO_ENDINGS)
    if not any(movie.exists() for movie in movies):
        return False
    try:
        camera_path.read(folder / f"{name}.txt")
    except InputError:
        return False
    return True


def _report(made: Making, folder: Path) -> Report:
    name = made.clip.name
    cropped, uncropped, side_by_side = _videos(made.clip, folder, made.writers[0].path.suffix)
    has_path = made.path is not None
    return Report(
        trajectory=folder / f"{name}.txt" if has_path else None,
        plot=folder / f"{name}.jpg" if has_path and made.clip.sensors is not None else None,
        uncropped=uncropped if len(made.writers) > 1 else None,
        cropped=cropped,
        kept=min(made.kept),
        explained=made.explained,
        side_by_side=None if made.side_by_side is None else side_by_side,
    )


def _remove_what_does_not_hold(folder: Path, name: str, report: Report) -> None:
    """Remove what an earlier run made of another path, and this one did not replace."""
    movies = {f"{name}{end}{suffix}" for end in clips.RESULTS for suffix in VIDEO_ENDINGS}
    written = report.cropped, report.uncropped, report.side_by_side
    for movie in movies - {file.name for file in written if file}:
        (folder / movie).unlink(missing_ok=True)
    endings = ["_metrics.json"]
    if report.trajectory is None and _has_path_of_earlier_run(name, folder):
        endings += [".txt", ".jpg"]
    for ending in endings:
        (folder / f"{name}{ending}").unlink(missing_ok=True)


def _agreement_of(clip: Clip) -> Agreement:
    time_ns, logged_ns = clips.center_time_ns(clip), clips.recorded(clip).gyro.time_ns
    logged = (time_ns >= logged_ns[0]) & (time_ns <= logged_ns[-1])
    pose = np.where(logged[:, None], clips.real_path(clip).quaternion, np.nan)
    return Agreement(clips.recorded(clip).camera, clip.size, pose, clips.lens_shift(clip))


def _require_agreement(clip: Clip, explained: float, force: bool) -> None:
    """Raise InputError where the gyro does not tell how the pictures moved; warn if it is forced.

    NaN, of a clip without motion or a method without the gyro, passes.
    """
    if not explained < LEAST_EXPLAINED:
        return
    reason = (
        f"{clip.video.path}: the gyro explains {100 * max(explained, 0.0):.0f} % of the motion in "
        "the pictures, so stabilising by it may add shake; either the camera has stabilised the "
        "video itself, or axes or clock are described wrongly (dvs-jax calibrate finds them, or "
        f"{document('cameras.md')}), or the log is in degrees"
    )
    if not force:
        raise InputError(f"{reason}; --sensors none goes by the pictures alone, --force goes on")
    _log.warning("%s", reason)


def measure_against_input(
    clip: Clip, virtual: CameraPath | None, report: Report, track: Track
) -> MetricsTable:
    """Return the measures of the clip and of its stabilised video, which has both versions."""
    assert report.uncropped is not None
    inputs, cropped = clips.read_frames(clip), video.read_frames(report.cropped)
    outputs = track(video.read_frames(report.uncropped), clip.frame_count, "measuring")
    camera = Camera() if clip.sensors is None else clip.sensors.camera
    paths = None
    if virtual is not None and clip.sensors is not None:
        paths = (clips.real_path(clip), virtual)
    time_ns = clips.center_time_ns(clip)
    return metrics.measure(
        inputs, outputs, time_ns, camera, paths, cropped=cropped, kept=report.kept
    )


def write_metrics(table: MetricsTable, report: Report, file: Path) -> None:
    """Write the measures as JSON; what could not be computed is null."""
    shares = {"kept": report.kept, "gyro_explains": report.explained}
    content = {**shares, **dataclasses.asdict(table)}
    with replacing(file) as part:
        part.write_text(json.dumps(_without_nan(content), indent=2, allow_nan=False) + "\n")


def _without_nan(content: object) -> object:
    if isinstance(content, dict):
        return {key: _without_nan(value) for key, value in content.items()}
    return None if isinstance(content, float) and not np.isfinite(content) else content


def _plot(clip: Clip, virtual: CameraPath, file: Path) -> None:
    log, ois = clips.recorded(clip), None
    if log.ois is not None:
        ois = clips.center_time_ns(clip), sensors.ois_at(log.ois, log.frames.ois_time_ns)
    plots.plot_path(file, clips.real_path(clip), virtual, ois, clip.name)

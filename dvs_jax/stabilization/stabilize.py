"""From a clip to its stabilised video: the path, the drawing, the files, the measures."""

import dataclasses
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import av
import numpy as np

from dvs_jax import camera_path, metrics, plots, sensors, video
from dvs_jax import clip as clips
from dvs_jax.camera_path import CameraPath
from dvs_jax.clip import Clip
from dvs_jax.errors import InputError
from dvs_jax.flow import Estimator
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.metrics import MetricsTable
from dvs_jax.progress import Track, silently
from dvs_jax.stabilization.agreement import Agreement
from dvs_jax.stabilization.pipeline import (
    Framing,
    Method,
    View,
    drawn,
    viewed,
)
from dvs_jax.stages import Stages, one_opencv_thread
from dvs_jax.video import VideoWriter, encoders
from dvs_jax.warping.host import Border
from dvs_jax.whole_file import replacing, replacing_together

DEFAULT_SMOOTHER = "adaptive"
DEFAULT_CROP = 0.1

DEFAULT_CRF, DEFAULT_PRESET = 20.0, "superfast"
"""Two cores encode full HD as fast as it is played, and what is seen of it is as good as filmed."""

LARGEST_CROP = 0.45

LEAST_EXPLAINED = 0.5
"""Share of the pictures' motion that a gyro worth stabilising by explains; parallax takes some."""

_log = logging.getLogger("dvs_jax")


@dataclass(frozen=True)
class Report:
    """What a run made.

    Attributes:
        trajectory: the virtual path as a text file (specs §9).
        plot: the picture of both paths.
        uncropped: the video at its full field of view, or None if it was not wanted.
        cropped: the video cropped to what the frames cover, scaled back to its size.
        kept: share of the width and of the height that the crop keeps; where it varies, in the
            frame that shows least.
        explained: share of the pictures' motion that the gyro explains (see `agreement`); NaN
            where too little moves to tell.
        metrics_file: the measures as JSON, or None if they were not wanted.
        metrics: the measures of the input and of the output, or None.
    """

    trajectory: Path
    plot: Path
    uncropped: Path | None
    cropped: Path
    kept: float
    explained: float
    metrics_file: Path | None = None
    metrics: MetricsTable | None = None


def stabilize(
    clip: Clip,
    out: str | Path,
    model: FusedNetwork | None = None,
    *,
    smoother: str = DEFAULT_SMOOTHER,
    crop: float = DEFAULT_CROP,
    framing: Framing | None = None,
    uncropped: bool = False,
    border: Border = "black",
    crf: float = DEFAULT_CRF,
    preset: str = DEFAULT_PRESET,
    encoder: encoders.Kind = "software",
    flow_estimator: str | Estimator = "auto",
    measure: bool = False,
    track: Track = silently,
) -> Report:
    """Stabilise a clip and write the files of specs §9.

    The trajectory, its plot and the video appear together once all are complete, and replace those
    of an earlier run; until then, and after an exception, nothing has changed. A file of the
    trajectory's or the plot's name that no earlier run made is never replaced. The metrics, which
    take longest, follow.

    Args:
        clip: what `load_clip` found.
        out: folder for the results; made if it is not there.
        model: the network that finds the path; None leaves it to the smoother.
        smoother: one of `smoothing.SMOOTHERS`, used where there is no model.
        crop: the most that may be cut off at each side, as a share of width and height; the path
            gives way before more is needed.
        framing: how much is cut off. "fixed": all that the crop allows. "varying": what is needed
            now, changing slowly. "smallest": what the worst frame needs, which takes a second pass
            over the video for a network that reads flow. None is "smallest" where one pass is
            enough, and else "fixed".
        uncropped: whether to write a second video that nothing is cut off from.
        border: what fills pixels that the frame does not cover.
        crf: constant rate factor of the H.264 encoder, 0 to 51; less is better.
        preset: of the H.264 encoder, "ultrafast" to "veryslow": time against size.
        encoder: "software" or "hardware"; see `video.encoders.choose`.
        flow_estimator: what makes flow, for a model that wants it, where no files are: a name
            that `flow.create` knows, or what it returned. For networks of our own "auto" is a
            quicker DIS on a CPU (see `pipeline.flows`).
        measure: whether to compute the metrics, the slowest part; they need the uncropped video,
            which is then written too.
        track: told of the progress.

    Returns:
        Where everything is, and what was measured.

    Raises:
        InputError: the clip cannot be read, an argument is impossible, or `out` cannot be written
            or holds a file that is not of an earlier run where a result would go.
    """
    folder = Path(out)
    check(clip, folder, crop, border, framing)
    method = Method(model, smoother, crop, framing, flow_estimator)
    with making(clip, folder, uncropped or measure, crf, preset, encoder) as made:
        _draw(made, method, border, track)
    return finish(made, folder, measure, track)


class Making:
    """A clip's results while they are made.

    Attributes:
        clip: the source.
        writers: of the cropped video and, if wanted, of the uncropped one.
        views: what is shown of each frame so far.
        agreement: of the gyro with the frames that `pictures` has yielded.
    """

    def __init__(self, clip: Clip, writers: Sequence[VideoWriter]):
        """Begin with nothing."""
        self.clip, self.writers = clip, writers
        self.views: list[View] = []
        self.agreement = _agreement_of(clip)

    @property
    def path(self) -> CameraPath:
        """The virtual path, once all frames are written."""
        poses = np.stack([view.pose for view in self.views])
        return CameraPath(clips.center_time_ns(self.clip), poses)

    def pictures(self) -> Iterator[av.VideoFrame]:
        """Yield the frames that are used, while some are compared with the gyro."""
        for index, picture in enumerate(clips.read_pictures(self.clip)):
            if self.agreement.wants(index):
                self.agreement.watch(index, picture)
            yield picture

    @contextmanager
    def videos(self) -> Iterator[None]:
        """Begin the videos, and finish them at the end."""
        with ExitStack() as files:
            for writer in self.writers:
                files.enter_context(writer)
            yield

    def write(self, view: View, pictures: Sequence[av.VideoFrame]) -> None:
        """Append a frame, drawn for each writer, to the videos."""
        time_ns = int(self.clip.video.time_ns[len(self.views)])
        self.views.append(view)
        for writer, picture in zip(self.writers, pictures, strict=True):
            writer.write_picture(picture, time_ns)


@contextmanager
def making(
    clip: Clip, folder: Path, uncropped: bool, crf: float, preset: str, encoder: encoders.Kind
) -> Iterator[Making]:
    """Yield what makes a clip's results; they appear together at the end, with path and plot.

    After an exception nothing has changed. Arguments and errors are those of `stabilize`.
    """
    _require_no_file_of_others(clip.name, folder)
    endings = clips.RESULTS if uncropped else clips.RESULTS[:1]
    with replacing_together(folder) as unfinished:
        files = [unfinished / f"{clip.name}{end}.mp4" for end in endings]
        made = Making(
            clip,
            [VideoWriter(file, clip.video, *clip.size, crf, preset, encoder) for file in files],
        )
        yield made
        camera_path.write(made.path, unfinished / f"{clip.name}.txt")
        _plot(clip, made.path, unfinished / f"{clip.name}.jpg")


def finish(made: Making, folder: Path, measure: bool, track: Track = silently) -> Report:
    """Remove what no longer holds, measure if that is wanted, and report.

    Args:
        made: the results, which have appeared.
        folder: where they are.
        measure: whether to compute the metrics.
        track: told of the progress.
    """
    clip = made.clip
    kept = min(view.kept for view in made.views)
    explained = made.agreement.explained()
    report = _report(folder, clip.name, len(made.writers) > 1, kept, explained)
    _warn_of_disagreement(clip, report.explained)
    _remove_what_does_not_hold(folder, clip.name, report)
    if not measure:
        return report
    _log.info("%s: the videos, the path and its plot are written; the metrics follow", folder)
    assert report.uncropped is not None
    table = measure_against_input(clip, made.path, report.uncropped, track)
    metrics_file = folder / f"{clip.name}_metrics.json"
    write_metrics(table, report, metrics_file)
    return dataclasses.replace(report, metrics_file=metrics_file, metrics=table)


def check(clip: Clip, folder: Path, crop: float, border: Border, framing: Framing | None) -> None:
    """Raise an InputError where an argument of `stabilize` is impossible."""
    if not 0.0 <= crop <= LARGEST_CROP:
        raise InputError(f"a crop of {crop} is impossible; give 0 to {LARGEST_CROP} of each side")
    if border not in get_args(Border):
        raise InputError(f"no border {border!r}; choose one of {', '.join(get_args(Border))}")
    if framing is not None and framing not in get_args(Framing):
        raise InputError(f"no framing {framing!r}; choose one of {', '.join(get_args(Framing))}")
    if folder.resolve() == clip.video.path.resolve():
        raise InputError(
            f"{folder}: the results would lie among the frames; choose another folder for them"
        )


def _require_no_file_of_others(name: str, folder: Path) -> None:
    """A photo and notes that lie beside a video often bear its name, as its plot and path do."""
    movie = folder / f"{name}{clips.RESULTS[0]}.mp4"
    for file in (folder / f"{name}{end}" for end in (".txt", ".jpg")):
        if file.exists() and not movie.exists():
            raise InputError(
                f"{file}: is no result of an earlier run, as {movie.name} is not beside it, and "
                "would be replaced; move it away, or choose another folder for the results"
            )


def _report(folder: Path, name: str, has_uncropped: bool, kept: float, explained: float) -> Report:
    cropped, uncropped = (folder / f"{name}{end}.mp4" for end in clips.RESULTS)
    trajectory, plot = (folder / f"{name}{end}" for end in (".txt", ".jpg"))
    return Report(trajectory, plot, uncropped if has_uncropped else None, cropped, kept, explained)


def _remove_what_does_not_hold(folder: Path, name: str, report: Report) -> None:
    """Remove what an earlier run made of another path, and this one did not replace."""
    (folder / f"{name}_metrics.json").unlink(missing_ok=True)
    if report.uncropped is None:
        (folder / f"{name}{clips.RESULTS[1]}.mp4").unlink(missing_ok=True)


def _agreement_of(clip: Clip) -> Agreement:
    pose = clips.real_path(clip).quaternion
    return Agreement(clip.sensors.camera, clip.size, pose, clips.lens_shift(clip))


def _warn_of_disagreement(clip: Clip, explained: float) -> None:
    if explained < LEAST_EXPLAINED:
        _log.warning(
            "%s: the gyro explains %.0f %% of the motion in the pictures, so stabilising by it may "
            "add shake; either the camera has stabilised the video itself, or the axes or the "
            "clock offset in camera.toml are wrong (docs/cameras.md)",
            clip.video.path,
            100 * max(explained, 0.0),
        )


def _draw(made: Making, method: Method, border: Border, track: Track) -> None:
    clip, uncropped = made.clip, len(made.writers) > 1
    with Stages() as stages, one_opencv_thread(), stages.naming("encoding"), made.videos():
        views = viewed(clip, made.pictures, method, stages, track)
        frames = stages.run("warping", drawn(views, clip, uncropped, border))
        for view, pictures in track(frames, clip.frame_count, "stabilising"):
            made.write(view, pictures)


def measure_against_input(
    clip: Clip, virtual: CameraPath, movie: Path, track: Track
) -> MetricsTable:
    """Return the measures of the clip and of its stabilised video side by side."""
    inputs = clips.read_frames(clip)
    outputs = track(video.read_frames(movie), clip.frame_count, "measuring")
    paths = (clips.real_path(clip), virtual)
    time_ns = clips.center_time_ns(clip)
    return metrics.measure(
        inputs, outputs, time_ns=time_ns, camera=clip.sensors.camera, paths=paths
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
    ois = None
    if clip.sensors.ois is not None:
        time_ns = clips.center_time_ns(clip)
        ois = time_ns, sensors.ois_at(clip.sensors.ois, clip.sensors.frames.ois_time_ns)
    plots.plot_path(file, clips.real_path(clip), virtual, ois, clip.name)

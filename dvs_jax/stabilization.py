"""From a clip to its stabilised video: the path, the drawing, the files, the measures."""

import dataclasses
import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from jaxtyping import Float, UInt8

from dvs_jax import camera, camera_path, metrics, plots, sensors, smoothing, video, warp
from dvs_jax import clip as clips
from dvs_jax.agreement import Agreement
from dvs_jax.camera_path import CameraPath
from dvs_jax.clip import Clip
from dvs_jax.errors import InputError
from dvs_jax.flow import Estimator
from dvs_jax.fused import prediction, reach
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.metrics import MetricsTable
from dvs_jax.progress import Track, silently
from dvs_jax.smoothing import Exposure
from dvs_jax.video import VideoWriter, encoders
from dvs_jax.warp import Border
from dvs_jax.whole_file import replacing, replacing_together

DEFAULT_SMOOTHER = "adaptive"
DEFAULT_CROP = 0.1

LARGEST_CROP = 0.45
SMALLEST_REACH = 0.005

DRAWN_ROWS = 34
"""Rows and columns of the grid that frames are drawn with: three times the official fineness."""

LEAST_EXPLAINED = 0.5
"""Share of the pictures' motion that a gyro worth stabilising by explains; parallax takes some."""

_FRAMES_AT_ONCE = 64

_log = logging.getLogger("dvs_jax")

Frame = UInt8[np.ndarray, "height width 3"]


@dataclass(frozen=True)
class Report:
    """What a run made.

    Attributes:
        trajectory: the virtual path as a text file (specs §9).
        plot: the picture of both paths.
        uncropped: the video at its full field of view.
        cropped: the video cropped to what every frame covers, scaled back to its size.
        kept: share of the width and of the height that the crop keeps.
        explained: share of the pictures' motion that the gyro explains (see `agreement`); NaN
            where too little moves to tell.
        metrics_file: the measures as JSON, or None if they were not wanted.
        metrics: the measures of the input and of the output, or None.
    """

    trajectory: Path
    plot: Path
    uncropped: Path
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
    border: Border = "black",
    crf: float = 18,
    preset: str = "medium",
    encoder: encoders.Kind = "software",
    flow_estimator: str | Estimator = "auto",
    measure: bool = True,
    track: Track = silently,
) -> Report:
    """Stabilise a clip and write the files of specs §9.

    The trajectory, its plot and both videos appear together once all are complete, and replace
    those of an earlier run; until then, and after an exception, nothing has changed. A file of the
    trajectory's or the plot's name that no earlier run made is never replaced. The metrics, which
    take longest, follow.

    Args:
        clip: what `load_clip` found.
        out: folder for the results; made if it is not there.
        model: the network that finds the path; None leaves it to the smoother.
        smoother: one of `smoothing.SMOOTHERS`, used where there is no model.
        crop: the most that may be cut off at each side, as a share of width and height; the path
            gives way before more is needed.
        border: what fills pixels of the uncropped video that the frame does not cover.
        crf: constant rate factor of the H.264 encoder, 0 to 51; less is better.
        preset: of the H.264 encoder, "ultrafast" to "veryslow": time against size.
        encoder: "software" or "hardware"; see `video.encoders.choose`.
        flow_estimator: what makes flow, for a model that wants it, where no files are: a name
            that `flow.create` knows, or what it returned.
        measure: whether to compute the metrics, the slowest part.
        track: told of the progress.

    Returns:
        Where everything is, and what was measured.

    Raises:
        InputError: the clip cannot be read, an argument is impossible, or `out` cannot be written
            or holds a file that is not of an earlier run where a result would go.
    """
    folder = Path(out)
    _check(clip, folder, crop, border)
    _require_no_file_of_others(clip.name, folder)
    with replacing_together(folder) as unfinished:
        uncropped, cropped = (
            VideoWriter(
                unfinished / f"{clip.name}{end}.mp4", clip.video, *clip.size, crf, preset, encoder
            )
            for end in clips.RESULTS
        )
        exposure = exposure_of(clip)
        virtual = find_path(clip, exposure, model, smoother, crop, flow_estimator, track)
        kept = kept_share(exposure, virtual, crop)
        camera_path.write(virtual, unfinished / f"{clip.name}.txt")
        _plot(clip, virtual, unfinished / f"{clip.name}.jpg")
        agreement = _agreement_of(clip)
        frames = _watched(track(clips.read_frames(clip), clip.frame_count, "warping"), agreement)
        draw(clip, frames, virtual, [(uncropped, 1.0), (cropped, kept)], border)
    report = _report(folder, clip.name, kept, agreement.explained())
    _warn_of_disagreement(clip, report.explained)
    metrics_file = folder / f"{clip.name}_metrics.json"
    # Those of an earlier run do not hold for the new video.
    metrics_file.unlink(missing_ok=True)
    if not measure:
        return report
    _log.info("%s: the videos, the path and its plot are written; the metrics follow", folder)
    table = measure_against_input(clip, virtual, report.uncropped, track)
    write_metrics(table, report, metrics_file)
    return dataclasses.replace(report, metrics_file=metrics_file, metrics=table)


def _check(clip: Clip, folder: Path, crop: float, border: Border) -> None:
    if not 0.0 <= crop <= LARGEST_CROP:
        raise InputError(f"a crop of {crop} is impossible; give 0 to {LARGEST_CROP} of each side")
    if border not in get_args(Border):
        raise InputError(f"no border {border!r}; choose one of {', '.join(get_args(Border))}")
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


def _report(folder: Path, name: str, kept: float, explained: float) -> Report:
    uncropped, cropped = (folder / f"{name}{end}.mp4" for end in clips.RESULTS)
    trajectory, plot = (folder / f"{name}{end}" for end in (".txt", ".jpg"))
    return Report(trajectory, plot, uncropped, cropped, kept, explained)


def _agreement_of(clip: Clip) -> Agreement:
    log = clip.sensors
    ois = sensors.ois_at(log.ois, log.frames.ois_time_ns + log.frames.readout_ns // 2)
    return Agreement(log.camera, clip.size, clips.real_path(clip).quaternion, ois)


def _watched(frames: Iterable[Frame], agreement: Agreement) -> Iterator[Frame]:
    for frame in frames:
        agreement.watch(frame)
        yield frame


def _warn_of_disagreement(clip: Clip, explained: float) -> None:
    if explained < LEAST_EXPLAINED:
        _log.warning(
            "%s: the gyro explains %.0f %% of the motion in the pictures, so stabilising by it may "
            "add shake; either the camera has stabilised the video itself, or the axes or the "
            "clock offset in camera.toml are wrong (docs/cameras.md)",
            clip.video.path,
            100 * max(explained, 0.0),
        )


def find_path(
    clip: Clip,
    exposure: Exposure,
    model: FusedNetwork | None,
    smoother: str,
    crop: float,
    flow_estimator: str | Estimator,
    track: Track,
) -> CameraPath:
    """Find the virtual path, held within what `crop` leaves covered.

    Args:
        clip: what `load_clip` found.
        exposure: what `exposure_of` says of it.
        model: the network that predicts the path; None leaves it to the smoother.
        smoother: one of `smoothing.SMOOTHERS`.
        crop: the most that may be cut off at each side, as a share of width and height.
        flow_estimator: what makes flow, for a model that wants it, where no files are.
        track: told of the progress.

    Returns:
        A pose, [x, y, z, w], world to camera, at the middle of each frame.

    Raises:
        InputError: no such smoother or estimator, or frames or flow files that cannot be read.
    """
    real = clips.real_path(clip)
    if model is None:
        return smoothing.smooth_within_frame(smoother, real, exposure, crop)
    strength = None
    if not model.architecture.official:
        # No crop at all leaves next to no reach, which the limit then takes.
        wanted = max(crop, SMALLEST_REACH)
        strength = reach.strength_of(wanted, clip.sensors.camera, clip.size)
    predicted = prediction.predict_trajectory(model, clip, flow_estimator, track, strength)
    return smoothing.limit_to_cover([real, predicted], exposure, crop)


def exposure_of(clip: Clip) -> Exposure:
    """Return how the camera stood while the rows of each frame's grid were exposed."""
    return Exposure(clip.sensors.camera, clip.size, *sensors.row_poses(clip.sensors))


def kept_share(exposure: Exposure, virtual: CameraPath, crop: float) -> float:
    """Return the share of each axis that every frame covers, at least what `crop` leaves.

    A pixel is taken off at each side, since the outermost ones blend with the border.
    """
    covered = smoothing.kept_fraction(exposure, virtual.quaternion)
    margin = 2.0 / min(exposure.size)
    # In a tiny picture the margin can be all that is left.
    smallest = max(1.0 - 2.0 * crop - margin, margin)
    return float(np.clip(covered.min() - margin, smallest, 1.0))


def grids(clip: Clip, virtual: CameraPath) -> Iterator[Float[np.ndarray, "row column 4"]]:
    """Compute each frame's grid (see `camera.warp_grid`), a few at a time.

    Args:
        clip: the source.
        virtual: a pose a frame.

    Yields:
        For each frame float64 [row, column, 4], (x′, y′, u, v) in fractions of the frame, with
        `DRAWN_ROWS` rows and columns: the source point (u, v) lands at (x′, y′).
    """
    for start in range(0, clip.frame_count, _FRAMES_AT_ONCE):
        chunk = slice(start, start + _FRAMES_AT_ONCE)
        real, ois = sensors.row_poses(sensors.part_of(clip.sensors, chunk), DRAWN_ROWS)
        pose = virtual.quaternion[chunk]
        yield from camera.warp_grid(clip.sensors.camera, clip.size, real, ois, pose)


def draw(
    clip: Clip,
    frames: Iterable[Frame],
    virtual: CameraPath,
    videos: Sequence[tuple[VideoWriter, float]],
    border: Border,
) -> None:
    """Write videos of what the virtual camera sees, all drawn straight from the source frames.

    Args:
        clip: the source.
        frames: its pictures, RGB.
        virtual: a pose a frame.
        videos: the writers, not yet entered, each with the central share of the width and of the
            height that it shows, scaled to the clip's size.
        border: what fills pixels that a frame does not cover.
    """
    with ExitStack() as open_videos:
        for writer, _ in videos:
            open_videos.enter_context(writer)
        for frame, grid, time_ns in zip(
            frames, grids(clip, virtual), clip.video.time_ns, strict=False
        ):
            for writer, kept in videos:
                writer.write(warp.warp_frame(frame, grid, kept, border), int(time_ns))


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

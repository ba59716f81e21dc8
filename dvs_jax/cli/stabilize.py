"""`dvs-jax stabilize`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dvs_jax.cli import printing
from dvs_jax.cli.exit_codes import CLIPS_FAILED
from dvs_jax.cli.options import FlowEstimator, FlowWeights, FrameTimes, Model, Start, StartNumber
from dvs_jax.cli.preset_file import PresetFile
from dvs_jax.cli.printing import print_file
from dvs_jax.cli.tracking import tracking
from dvs_jax.errors import InputError

if TYPE_CHECKING:
    from dvs_jax.clip import Clip
    from dvs_jax.methods import Method
    from dvs_jax.stabilization import Report, Settings
    from dvs_jax.stabilization.batch import Job, Outcome
    from dvs_jax.stabilization.batch.run import Process

Smoothers = Literal["gaussian", "savitzky-golay", "exponential", "adaptive"]
Presets = Literal[
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
]

_SENSORS = ("auto", "always", "none")
"""What `--sensors` may be besides a file."""


def stabilize(
    clips: Annotated[
        list[str],
        typer.Argument(
            help="Folders with a video and its logs, or with many videos; videos themselves; "
            "folders of frames; or patterns for them.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="Folder for the results; or, of one clip, the video: steady.mp4."
        ),
    ] = Path("out"),
    model: Model = None,
    smoother: Annotated[
        Smoothers | None,
        typer.Option(
            help="Classical smoother that finds the path instead of a network.",
            show_default=False,
        ),
    ] = None,
    crop: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=0.45,
            help="The most to cut off at each side, as a share of width and height.",
        ),
    ] = 0.1,
    framing: Annotated[
        Literal["fixed", "varying", "smallest"] | None,
        typer.Option(
            help="How much of that is cut off: all; what is needed now, changing slowly; or what "
            "the worst frame needs, which takes a second pass where the network reads flow.",
            show_default="smallest by gyro_only and smoothers, else fixed",
        ),
    ] = None,
    uncropped: Annotated[
        bool, typer.Option("--uncropped", help="Write a second video, with nothing cut off.")
    ] = False,
    refine: Annotated[
        Literal["none", "rotation", "mesh"] | None,
        typer.Option(
            help="Steady the output by what its pictures still show: the whole picture, or its "
            "parts too.",
            show_default="mesh; none for official networks and given paths",
        ),
    ] = None,
    look_ahead: Annotated[
        float,
        typer.Option(
            min=0.1, max=3.0, help="How far ahead to look, in seconds; a live camera has 0.4."
        ),
    ] = 1.0,
    horizon_lock: Annotated[
        bool,
        typer.Option(
            "--horizon-lock", help="Keep the horizon level by the accelerometer, within the crop."
        ),
    ] = False,
    strength: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            max=10.0,
            help="How strongly to smooth: 1 is as strong as a network can without a limit on its "
            "path, or as a smoother usually is.",
            show_default="of a network, what leaves the clip least shake; of a smoother, 1",
        ),
    ] = None,
    border: Annotated[
        Literal["black", "reflect"],
        typer.Option(help="What fills uncovered pixels of the uncropped video."),
    ] = "black",
    crf: Annotated[
        float, typer.Option(min=0, max=51, help="Quality of the video; less is better.")
    ] = 20,
    encoder_preset: Annotated[
        Presets, typer.Option(help="Speed of the encoder against the size of its file.")
    ] = "superfast",
    flow_estimator: FlowEstimator = "auto",
    flow_weights: FlowWeights = None,
    measure: Annotated[
        bool,
        typer.Option(
            "--metrics/--no-metrics",
            help="Measure stability, 3-6 frames/s; writes the uncropped video too.",
        ),
    ] = False,
    encoder: Annotated[
        Literal["software", "hardware"],
        typer.Option(
            help="x264 or x265, or the encoder of a GPU where there is one, at about that quality."
        ),
    ] = "software",
    codec: Annotated[
        Literal["h264", "hevc", "prores"] | None,
        typer.Option(
            help="What the video is written as; prores goes into .mov files.",
            show_default="hevc for videos of more than 8 bits, else h264",
        ),
    ] = None,
    audio: Annotated[
        bool, typer.Option("--audio/--no-audio", help="Keep all tracks of sound, or none.")
    ] = True,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Skip clips that were finished by the same settings."),
    ] = False,
    cluster: Annotated[
        str | None,
        typer.Option(
            help="Let a Ray cluster process the clips, each wherever there is room: auto, local or "
            "ray://HOST:PORT. The same command goes on where it ended.",
            show_default=False,
        ),
    ] = None,
    trajectory: Annotated[
        Path | None,
        typer.Option(
            help="Draw along this camera path, such as an edited walk.txt of an earlier run.",
            show_default=False,
        ),
    ] = None,
    sensors: Annotated[
        str,
        typer.Option(
            help="What recorded the gyro: auto, always, none, or a file. auto finds the log beside "
            "the video or the telemetry inside it, and leaves it out where the camera says that it "
            "has stabilised the picture itself; always does not.",
        ),
    ] = "auto",
    frame_times: FrameTimes = None,
    start_number: StartNumber = 1,
    lens_correction: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=1.0,
            help="0 keeps the look of the lens, 1 makes straight lines straight; for a lens that "
            "camera.toml describes.",
        ),
    ] = 0.0,
    start: Start = 0.0,
    end: Annotated[
        float | None,
        typer.Option(min=0.0, help="Leave out what comes after, in seconds.", show_default=False),
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Go by the gyro even where it does not tell how the pictures moved."
        ),
    ] = False,
    side_by_side: Annotated[
        bool,
        typer.Option(
            "--side-by-side", help="Write a video of both too: the input left, the result right."
        ),
    ] = False,
    preset_file: PresetFile = None,
) -> None:
    """Stabilise a clip, or many.

    Any video will do; best is one with its gyro inside it (GoPro) or in a log beside it, of
    Gyroflow (walk.gcsv for walk.mp4), of a phone's app, or plain: walk_gyro.csv, whose first line
    is t_s,wx,wy,wz and whose others are seconds and rad/s. An OIS log, a frame log
    and a camera.toml help if they are there; what is missing is said, with what it costs. Without a
    gyro log the motion is read off the pictures.

    The folder of the results gets walk_stab_crop.mp4 and the camera's path as walk.txt and
    walk.jpg; where wanted, walk_stab.mp4, uncropped, walk_stab_side_by_side.mp4, and
    walk_metrics.json. Those of an earlier run are replaced or removed.

    Of several clips each has a folder of its own in there. One that cannot be stabilised is named,
    and the others go on; the command then ends with code 1.
    """
    ways = (("--model", model), ("--smoother", smoother), ("--trajectory", trajectory))
    given = [name for name, value in ways if value is not None]
    if len(given) > 1:
        raise InputError(f"{given[0]} and {given[1]} both find the path; give one of them")

    jobs, is_queue = _jobs(clips, out, resume or cluster is not None)
    if len(jobs) > 1:
        _require_for_many(trajectory, sensors, frame_times)
    load = _loader(sensors, (frame_times, start_number), lens_correction, (start, end))
    alone = None if is_queue else load(jobs[0].clip)

    from dvs_jax.methods import fingerprint
    from dvs_jax.stabilization import Settings, batch, stabilize_by, stabilize_into
    from dvs_jax.stabilization.refining import by_pictures, refined
    from dvs_jax.stabilization.stored_results import made_at

    method = _method(model, smoother, trajectory, flow_estimator, flow_weights)
    method = refined(_adjusted(method, horizon_lock, strength), refine, look_ahead)
    drawn = (crop, framing, uncropped, border, crf, encoder_preset, encoder, codec)
    wanted = Settings(*drawn, audio, measure, force, side_by_side)

    def stabilize_one(clip: Clip, folder: Path) -> Report:
        chosen = (
            method
            if given or horizon_lock or strength or clip.sensors
            else by_pictures(clip, refine, look_ahead)
        )
        make = stabilize_by if is_queue or not _is_video(folder) else stabilize_into
        with tracking() as track:
            return made_at(folder, clip, lambda place: make(clip, place, chosen, wanted, track))

    if alone is not None:
        _print_report(stabilize_one(alone, out))
        return
    named = {**asdict(wanted), **fingerprint(method), **load.keywords}
    process = _process(cluster, method, wanted, stabilize_one, load)
    outcomes = batch.run(jobs, process, named, resume or cluster is not None)
    _work_off(outcomes if cluster is None else _tracked(outcomes, len(jobs)), len(jobs))


def _require_for_many(trajectory: Path | None, sensors: str, frame_times: Path | None) -> None:
    if trajectory is not None:
        raise InputError("--trajectory is one clip's path; name that clip alone")
    if sensors not in _SENSORS:
        raise InputError(f"--sensors {sensors} is one clip's recording; name that clip alone")
    if frame_times is not None:
        raise InputError(f"--frame-times {frame_times} are one clip's; name that clip alone")


def _is_video(out: Path) -> bool:
    from dvs_jax.stabilization import VIDEO_ENDINGS

    return out.suffix.lower() in VIDEO_ENDINGS and not out.is_dir()


def _jobs(clips: list[str], out: Path, resume: bool) -> tuple[list[Job], bool]:
    """Return the clips with their folders, and whether they are a queue."""
    from dvs_jax.stabilization import batch

    folder = out.parent if _is_video(out) else out
    jobs = batch.jobs_of(clips, folder)
    is_queue = resume or len(jobs) > 1 or jobs[0].folder != folder
    if is_queue and _is_video(out):
        raise InputError(f"{out}: is one video; name a folder for the results of several clips")
    return jobs, is_queue


def _loader(
    sensors: str,
    frame_times: tuple[Path | None, int],
    lens_correction: float,
    part_s: tuple[float, float | None],
) -> partial[Clip]:
    """Return what loads a clip; its keywords are of JSON's types."""
    file, start_number = frame_times
    return partial(
        _load,
        sensors=sensors,
        frame_times=None if file is None else str(file),
        start_number=start_number,
        lens_correction=lens_correction,
        start_s=part_s[0],
        end_s=part_s[1],
    )


def _load(
    path: Path,
    sensors: str,
    frame_times: str | None,
    start_number: int,
    lens_correction: float,
    start_s: float,
    end_s: float | None,
) -> Clip:
    from dvs_jax.clip import between, corrected, load_clip
    from dvs_jax.sensors import FrameTimes

    times = FrameTimes(None if frame_times is None else Path(frame_times), start_number)
    named = None if sensors in _SENSORS else Path(sensors)
    clip = load_clip(
        path,
        read_sensors=sensors != "none",
        recording=named,
        even_stabilized=sensors == "always",
        frame_times=times,
    )
    if sensors != "none":
        from dvs_jax.calibration import with_camera_found

        clip = with_camera_found(clip, named, times)
    if lens_correction > 0.0:
        clip = corrected(clip, lens_correction)
    if start_s == 0.0 and end_s is None:
        return clip
    return between(clip, start_s, math.inf if end_s is None else end_s)


def _method(
    model: str | None,
    smoother: str | None,
    trajectory: Path | None,
    flow_estimator: str,
    flow_weights: Path | None,
) -> Method:
    from dvs_jax import camera_path
    from dvs_jax.methods import GivenPath, Smoothed
    from dvs_jax.stabilization.models import DEFAULT_MODEL, load_model

    if smoother is not None:
        return Smoothed(smoother)
    if trajectory is not None:
        return GivenPath(camera_path.read(trajectory))
    return load_model(model or DEFAULT_MODEL, flow_estimator, flow_weights)


def _adjusted(method: Method, horizon_lock: bool, strength: float | None) -> Method:
    from dvs_jax.stabilization.horizon import locked_to_horizon
    from dvs_jax.stabilization.strength import with_strength

    method = locked_to_horizon(method) if horizon_lock else method
    return method if strength is None else with_strength(method, strength)


def _process(
    cluster: str | None,
    method: Method,
    wanted: Settings,
    stabilize_one: Callable[[Clip, Path], Report],
    load: Callable[[Path], Clip],
) -> Process:
    """Return what processes many clips: a cluster, or this process."""
    from dvs_jax.methods.device import device_work
    from dvs_jax.stabilization import batch

    if cluster is None:
        return batch.process_for(method, wanted, stabilize_one, load)
    return batch.on_cluster(cluster, stabilize_one, load, device_work(method) is not None)


def _tracked(outcomes: Iterable[Outcome], total: int) -> Iterator[Outcome]:
    """Show a progress bar of clips, since each one's own would be on the node that has it."""
    with tracking("clips") as track:
        yield from track(outcomes, total, "stabilising")


def _work_off(outcomes: Iterable[Outcome], total: int) -> None:
    """Print each clip's outcome as it ends, and a table of all.

    Raises:
        Exit: one or more have failed.
    """
    from dvs_jax.stabilization.batch import table

    ended = []
    for outcome in outcomes:
        ended.append(outcome)
        if outcome.error:
            printing.print_line(printing.err, f"error: {outcome.error}")
        said = f"{len(ended)} of {total}: {outcome.job.clip}: {outcome.state}"
        printing.print_line(printing.err, said)
    printing.out.print(table.render(ended))
    if any(outcome.state == "failed" for outcome in ended):
        raise typer.Exit(CLIPS_FAILED)


def _print_report(report: Report) -> None:
    from dvs_jax import metrics

    if report.metrics is not None:
        printing.out.print(metrics.render(report.metrics))
    joined_alone = report.side_by_side == report.cropped
    name = "side by side" if joined_alone else "cropped video"
    print_file(name, report.cropped, f"(keeps {report.kept:.0%} of each side)")
    files = {
        "uncropped video": report.uncropped,
        "side by side": None if joined_alone else report.side_by_side,
        "plot": report.plot,
        "trajectory": report.trajectory,
        "metrics": report.metrics_file,
    }
    for name, file in files.items():
        if file is not None:
            print_file(name, file)

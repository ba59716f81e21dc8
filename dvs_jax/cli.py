"""The command line; parses, calls, prints, and does nothing else."""

from __future__ import annotations

import contextlib
import io
import logging
import shlex
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column, Table
from rich.text import Text

from dvs_jax.compilation_cache import keep_compiled
from dvs_jax.errors import InputError
from dvs_jax.progress import Item, Track

if TYPE_CHECKING:
    from dvs_jax.clip import Clip
    from dvs_jax.flow import Estimator
    from dvs_jax.fused.train_benchmark import StepSpeed
    from dvs_jax.stabilization.batch import Outcome
    from dvs_jax.stabilization.stabilize import Report
    from dvs_jax.synthetic import SyntheticClip

app = typer.Typer(
    help="Steady video from shaky: gyro, OIS and optical flow in, a virtual camera's video out.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

_out = Console(markup=False, emoji=False, highlight=False)
_err = Console(stderr=True, markup=False, emoji=False, highlight=False)

# Typer has no public name for what its complaints about arguments have in common.
_UsageError: Any = typer.BadParameter.__base__

_CLIPS_FAILED, _BAD_INPUT, _INTERRUPTED = 1, 2, 130

Smoothers = Literal["gaussian", "savitzky-golay", "exponential", "adaptive"]
Motions = Literal["handheld", "walking", "running", "panning", "driving", "knock", "still"]
Scenes = Literal["depth", "distant"]
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

FLOW_HELP = (
    "Optical flow by dis, dis-quick, farneback, tvl1, raft-small, raft-things, …; auto takes RAFT "
    "on an accelerator and, on a CPU, dis-quick for our own networks and dis for official ones."
)
WEIGHTS_HELP = "RAFT weights to use: a .pth file or a converted folder."

WeightsOption = Annotated[Path | None, typer.Option(help=WEIGHTS_HELP, show_default=False)]


def main() -> None:
    """Run the command; input that cannot be used ends in one line and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        # A file's name that the terminal cannot show is no reason to stop.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    keep_compiled()
    with _notes_shown():
        sys.exit(_run(sys.argv[1:] or ["--help"]))


def _run(arguments: list[str]) -> int:
    try:
        code = app(arguments, standalone_mode=False)
    except _UsageError as error:
        program = error.ctx.command_path if error.ctx else "dvs-jax"
        return _complain(f"{error.format_message().rstrip('.')}; see {program} --help")
    except (InputError, OSError) as error:
        return _complain(str(error))
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    if code == _INTERRUPTED:
        _print_line(_err, "interrupted")
    return code or 0


def _complain(message: str) -> int:
    _print_line(_err, f"error: {message}")
    return _BAD_INPUT


def _print_line(console: Console, text: str) -> None:
    console.print(" ".join(text.splitlines()), soft_wrap=True)


@app.command()
def stabilize(
    clips: Annotated[
        list[str],
        typer.Argument(
            help="Folders with a video and its logs, videos themselves, folders of frames, or "
            "patterns for them.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")] = Path("out"),
    model: Annotated[
        str | None,
        typer.Option(
            help="Network that finds the path: a shipped one, an Orbax folder or an official "
            ".checkpoint.",
            show_default="fused",
        ),
    ] = None,
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
            show_default="smallest where one pass is enough, else fixed",
        ),
    ] = None,
    uncropped: Annotated[
        bool, typer.Option("--uncropped", help="Write a second video, with nothing cut off.")
    ] = False,
    border: Annotated[
        Literal["black", "reflect"],
        typer.Option(help="What fills uncovered pixels of the uncropped video."),
    ] = "black",
    crf: Annotated[
        float, typer.Option(min=0, max=51, help="Quality of the H.264 video; less is better.")
    ] = 20,
    preset: Annotated[
        Presets, typer.Option(help="Speed of the H.264 encoder against the size of its file.")
    ] = "superfast",
    flow_estimator: Annotated[str, typer.Option("--flow", help=FLOW_HELP)] = "auto",
    flow_weights: WeightsOption = None,
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
            help="libx264, or the encoder of a GPU where there is one, at about that quality."
        ),
    ] = "software",
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Skip clips that were finished by the same settings."),
    ] = False,
) -> None:
    """Stabilise a clip, or many.

    Beside the video must lie its gyro log. For walk.mp4 it is walk_gyro.csv, whose first line is
    t_s,wx,wy,wz and whose others are seconds and rad/s. An OIS log, a frame log and a camera.toml
    help if they are there; what is missing is said, with what it costs.

    The folder of the results gets walk_stab_crop.mp4 and the camera's path as walk.txt and
    walk.jpg; where wanted, walk_stab.mp4, uncropped, and walk_metrics.json. Those of an earlier run
    are replaced or removed.

    Of several clips each has a folder of its own in there. One that cannot be stabilised is named,
    and the others go on; the command then ends with code 1.
    """
    from dvs_jax.clip import load_clip
    from dvs_jax.stabilization import batch

    if model is not None and smoother is not None:
        raise InputError("--model and --smoother both find the path; give one of them")
    jobs = batch.jobs_of(clips, out)
    is_queue = resume or len(jobs) > 1 or jobs[0].folder != out
    alone = None if is_queue else load_clip(jobs[0].clip)

    from dvs_jax.fused.weights import DEFAULT_MODEL, load_model
    from dvs_jax.stabilization import pipeline
    from dvs_jax.stabilization.stabilize import DEFAULT_SMOOTHER, stabilize

    network = load_model(model or DEFAULT_MODEL) if smoother is None else None
    estimator = None
    if network is not None and network.encoder is not None:
        official = network.architecture.official
        estimator = pipeline.estimator_for(flow_estimator, official, flow_weights)
    settings: dict[str, Any] = {
        "smoother": smoother or DEFAULT_SMOOTHER,
        "crop": crop,
        "framing": framing,
        "uncropped": uncropped,
        "border": border,
        "crf": crf,
        "preset": preset,
        "encoder": encoder,
        "measure": measure,
    }

    def stabilize_one(clip: Clip, folder: Path) -> Report:
        with _tracking() as track:
            flow_maker = estimator or flow_estimator
            return stabilize(
                clip, folder, model=network, flow_estimator=flow_maker, track=track, **settings
            )

    if alone is not None:
        _print_report(stabilize_one(alone, out))
        return
    process = batch.one_by_one(stabilize_one)
    if batch.devices_suit(network, estimator):
        flow_maker = estimator or flow_estimator
        method = pipeline.Method(network, settings["smoother"], crop, framing, flow_maker)
        with_uncropped = uncropped or measure
        process = batch.on_devices(
            batch.Options(method, with_uncropped, border, crf, preset, encoder, measure)
        )
    named = {"model": network and batch.digest(network), "flow": estimator and estimator.name}
    _work_off(batch.run(jobs, process, settings | named, resume), len(jobs))


def _work_off(outcomes: Iterable[Outcome], total: int) -> None:
    """Say of each clip how it ended, when it has, and then of all.

    Raises:
        Exit: one or more have failed.
    """
    from dvs_jax.stabilization.batch import table

    ended = []
    for outcome in outcomes:
        ended.append(outcome)
        if outcome.error:
            _print_line(_err, f"error: {outcome.error}")
        said = f"{len(ended)} of {total}: {outcome.job.clip}: {outcome.state}"
        _print_line(_err, said)
    _out.print(table.render(ended))
    if any(outcome.state == "failed" for outcome in ended):
        raise typer.Exit(_CLIPS_FAILED)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the demo.")] = Path("demo"),
    seconds: Annotated[float, typer.Option(min=1.0, help="Length of the clip.")] = 5.0,
) -> None:
    """Make a short shaky clip and stabilise it: nothing else is needed."""
    synthesize(out / "clip", motion="walking", seconds=seconds)
    stabilize([str(out / "clip")], out=out / "result", measure=True)


@app.command()
def synthesize(
    out: Annotated[Path, typer.Argument(help="Folder for the clip.", show_default=False)],
    motion: Annotated[Motions, typer.Option(help="How the camera is held.")] = "handheld",
    scene: Annotated[
        Scenes, typer.Option(help="With parallax, or as if everything were far away.")
    ] = "depth",
    seconds: Annotated[float, typer.Option(help="Length of the clip.")] = 6.0,
    width: Annotated[int, typer.Option(help="Pixels, even.")] = 1280,
    height: Annotated[int, typer.Option(help="Pixels, even.")] = 720,
    frame_rate: Annotated[float, typer.Option(help="Frames per second.")] = 30.0,
    ois: Annotated[bool, typer.Option("--ois/--no-ois", help="Shift the lens.")] = True,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal clips.")] = 0,
    exact_flow: Annotated[
        bool, typer.Option("--flow", help="Also write the exact flow, into flo/ and flo_back/.")
    ] = False,
) -> None:
    """Make a clip from nothing: video, sensor logs in the released layout, and the true path."""
    from dvs_jax import synthetic

    clip = synthetic.SyntheticClip(
        motion=motion,
        scene=scene,
        duration_s=seconds,
        size=(width, height),
        frame_rate=frame_rate,
        ois=ois,
        seed=seed,
    )
    with _tracking() as track:
        video = synthetic.synthesize(
            clip, out, lambda frames: track(frames, clip.frame_count, "rendering")
        )
        if exact_flow:
            _write_exact_flow(clip, out, track)
    _say("clip", video)


def _write_exact_flow(clip: SyntheticClip, out: Path, track: Track) -> None:
    from dvs_jax import flow, synthetic
    from dvs_jax.whole_file import replacing_together

    pairs = synthetic.flow_pairs(synthetic.record(clip))
    with replacing_together(out) as unfinished:
        folder = flow.FlowFolder(unfinished)
        for index, pair in enumerate(track(pairs, clip.frame_count - 1, "exact flow")):
            folder.write(index, flow.FlowPair(*pair))


@app.command()
def flow(
    clip: Annotated[
        Path, typer.Argument(help="A video, or a folder with one.", show_default=False)
    ],
    estimator: Annotated[str, typer.Option(help=FLOW_HELP)] = "auto",
    weights: WeightsOption = None,
    iterations: Annotated[int, typer.Option(min=1, help="How often RAFT refines a flow.")] = 12,
    suffix: Annotated[
        Literal[".flo", ".npz", ".png"],
        typer.Option("--format", help="Middlebury, compressed NumPy, or KITTI's 16-bit PNG."),
    ] = ".flo",
) -> None:
    """Compute a clip's optical flow once, both directions, into flo/ and flo_back/ beside it.

    What is there already is kept: an interrupted run goes on where it stopped. `stabilize` uses
    these files where a network wants flow.
    """
    from dvs_jax import flow, video
    from dvs_jax.clip import find_video
    from dvs_jax.flow import cache

    source = find_video(clip)
    pairs = video.probe(source).frame_count - 1
    maker = flow.create(estimator, weights=weights, iterations=iterations)
    folder = flow.FlowFolder(source.absolute().parent, suffix)
    with _tracking() as track:
        frames = video.read_frames(source)
        made = cache.fill(frames, pairs, folder, maker, source=str(source))
        for _ in track(made, pairs, "optical flow"):
            pass
    _say("flow", folder.forward_path(0).parent, f"by {maker.name}")
    _say("and back", folder.backward_path(0).parent)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    options_metavar="[OPTIONS] [--config.FIELD=VALUE]...",
)
def train(
    context: typer.Context,
    config: Annotated[
        Path,
        typer.Option(
            help="What to train, and how: a Python file, such as those in configs/.",
            show_default=False,
        ),
    ],
    workdir: Annotated[
        Path,
        typer.Option(
            help="Folder of the run: its logs, its checkpoints and, in the end, model/.",
            show_default=False,
        ),
    ],
) -> None:
    """Train a network, or go on with a run that was stopped or killed.

    Single fields of the config are changed as in --config.train.lr=3e-4.

    The same command goes on from the newest checkpoint. SIGTERM saves one and ends with code 0.
    """
    changes = _config_changes(context)

    from dvs_jax.fused.train import train_and_evaluate
    from dvs_jax.training import configuration

    model = train_and_evaluate(configuration.load(config, changes), workdir)
    _say("model", model)
    _print_line(_out, f"to use it: dvs-jax stabilize CLIP --model {shlex.quote(str(model))}")


def _config_changes(context: typer.Context) -> list[str]:
    """Return the options that change fields of the config; any other is unknown."""
    for argument in context.args:
        if not argument.startswith("--config."):
            kind = "No such option" if argument.startswith("-") else "Got unexpected argument"
            raise _UsageError(f"{kind}: {argument}", context)
        if "=" not in argument:
            raise _UsageError(f"No value is given: write {argument}=VALUE", context)
    return context.args


@app.command()
def evaluate(
    clips: Annotated[
        list[Path],
        typer.Argument(
            help="Clips as stabilize takes them, or built datasets, whose test split is taken.",
            show_default=False,
        ),
    ],
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="A network to compare: a name, an Orbax folder or an official .checkpoint. Can be "
            "given several times.",
            show_default="those shipped with the package",
        ),
    ] = None,
    crop: Annotated[
        float,
        typer.Option(
            min=0.005,
            max=0.45,
            help="What every method may use: the share cut off at each side.",
        ),
    ] = 0.1,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Folder for evaluation.json, with each clip's numbers, and evaluation.png.",
            show_default=False,
        ),
    ] = None,
    flow_estimator: Annotated[str, typer.Option("--flow", help=FLOW_HELP)] = "auto",
    flow_weights: WeightsOption = None,
    measure: Annotated[
        bool,
        typer.Option(
            "--measure/--no-measure",
            help="Also draw every method's video and measure it, which takes minutes a clip.",
        ),
    ] = True,
) -> None:
    """Compare the input, the smoothers and networks, each using as much of the frame.

    Each method's strength is tuned on each clip until the worst frame just covers what the crop
    keeps. Smoothers look ahead by 400 ms, as networks do. Those held "within frame" give way at the
    frame's edge instead, at their best strength; those that see the whole clip are a bound.
    """
    from dvs_jax import evaluation, flow
    from dvs_jax.evaluation import table

    named = flow_weights is None
    estimator = flow_estimator if named else flow.create(flow_estimator, weights=flow_weights)
    with _tracking() as track:
        comparison = evaluation.evaluate(
            clips,
            model or None,
            out,
            crop=crop,
            measure=measure,
            flow_estimator=estimator,
            track=track,
        )
    for part in table.render(comparison):
        _out.print(part)
    if out is not None:
        _say("numbers", out / evaluation.NUMBERS)
        _say("picture", out / evaluation.PICTURE)


@app.command()
def convert(
    checkpoint: Annotated[
        Path, typer.Argument(help="An official PyTorch checkpoint of DVS or of RAFT.")
    ],
    out: Annotated[Path, typer.Argument(help="Folder for the Orbax checkpoint; must be new.")],
) -> None:
    """Turn an official PyTorch checkpoint into an Orbax one. PyTorch is not needed."""
    from dvs_jax.stabilization import conversion

    conversion.convert(checkpoint, out)
    _say("checkpoint", out)


@app.command()
def benchmark(
    what: Annotated[
        Literal["trajectory", "pipeline", "train", "device", "flow", "flow-accuracy", "faults"],
        typer.Argument(
            help="What is measured. The network on one long clip and on many; stabilize from end "
            "to end and by stage, beside a plain transcode; training; flow, network and drawing "
            "together on the GPUs or TPUs; the flow estimators' speed; their error against exact "
            "flow; or what networks leave of the shake where the sensors err."
        ),
    ] = "trajectory",
    clip: Annotated[
        Path | None,
        typer.Argument(
            help="A clip for pipeline; without it 20 s of full HD are made.", show_default=False
        ),
    ] = None,
    weights: WeightsOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="File for the numbers of pipeline, train, device or faults, as JSON.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="A network for pipeline or faults: a name, an Orbax folder or an official "
            ".checkpoint. For faults it can be given several times.",
            show_default="fused, and for faults the shipped ones",
        ),
    ] = None,
    clips: Annotated[
        int | None,
        typer.Option(min=1, help="How many clips faults renders.", show_default="4"),
    ] = None,
) -> None:
    """Measure speed on this machine, medians of several runs; the accuracy of flow; or steadiness.

    For faults, clips are rendered, and their logs given a bias or a wrong clock, or left out; what
    is measured is the shake left in the pictures that each network leads to.
    """
    for option, given, users in (
        ("--out", out, ("pipeline", "train", "device", "faults")),
        ("--model", model, ("pipeline", "faults")),
        ("--clips", clips, ("faults",)),
        ("CLIP", clip, ("pipeline",)),
    ):
        if given is not None and what not in users:
            those = ", ".join(f"`benchmark {user}`" for user in users)
            raise InputError(f"{option} is for {those}, not `benchmark {what}`")
    _require_file(out)
    if what == "trajectory":
        _benchmark_trajectory()
    elif what == "pipeline":
        _benchmark_pipeline(clip, model, out)
    elif what == "train":
        _benchmark_training(out)
    elif what == "device":
        _benchmark_device(out)
    elif what == "faults":
        _benchmark_faults(model, clips or 4, out)
    elif what == "flow":
        _benchmark_flow(weights)
    else:
        _benchmark_flow_accuracy(weights)


def _benchmark_pipeline(clip: Path | None, models: list[str] | None, out: Path | None) -> None:
    from tempfile import TemporaryDirectory

    from dvs_jax import pipeline_benchmark
    from dvs_jax.clip import load_clip
    from dvs_jax.fused.weights import DEFAULT_MODEL, load_model

    model, *others = models or [DEFAULT_MODEL]
    if others:
        raise InputError("--model can be given once for `benchmark pipeline`")
    network = load_model(model)
    with TemporaryDirectory() as folder, _tracking() as track:
        source = clip or pipeline_benchmark.sample_clip(Path(folder), track)
        report = pipeline_benchmark.measure(load_clip(source), network, model, track)
    for part in pipeline_benchmark.render(report):
        _out.print(part)
    if out is not None:
        pipeline_benchmark.write(report, out)
        _say("numbers", out)


def _require_file(out: Path | None) -> None:
    """Raise InputError, before the work, where the numbers cannot be written afterwards."""
    from dvs_jax.whole_file import make_folder

    if out is not None:
        make_folder(out.parent)
        if out.is_dir():
            raise InputError(f"{out}: is a folder; name a file for the numbers")


def _benchmark_faults(models: list[str] | None, count: int, out: Path | None) -> None:
    from dvs_jax import fault_benchmark
    from dvs_jax.evaluation import shipped
    from dvs_jax.fault_benchmark import table
    from dvs_jax.fused.weights import load_model

    networks = {name: load_model(name) for name in models or shipped()}
    with _tracking() as track:
        report = fault_benchmark.compare(fault_benchmark.clips(count), networks, track=track)
    for part in table.render(report):
        _out.print(part)
    if out is not None:
        table.write_json(report, out)
        _say("numbers", out)


def _benchmark_device(out: Path | None) -> None:
    from dvs_jax.stabilization.devices import benchmark

    speed = benchmark.measure()
    table = Table("", "ms a frame", title=f"1920 × 1080, RAFT-small, bfloat16: {speed.device}")
    for name, milliseconds in (
        ("flow, network and drawing, with both transfers", speed.together_ms),
        ("to the devices", speed.upload_ms),
        ("flow and network", speed.flow_and_network_ms),
        ("network alone", speed.network_ms),
        ("drawing", speed.drawing_ms),
        ("back", speed.download_ms),
    ):
        table.add_row(name, f"{milliseconds:.2f}")
    _out.print(table)
    _out.print(
        f"{speed.frames_per_s:.0f} frames/s, {speed.gain:.1f} × the paper's "
        f"{benchmark.PAPER_MS:.0f} ms a frame on a T4"
    )
    if out is not None:
        benchmark.write(speed, out)
        _say("numbers", out)


def _flow_estimators(weights: Path | None) -> list[Estimator]:
    from dvs_jax import flow

    estimators = [flow.create(name) for name in ("dis", "farneback", "tvl1")]
    return estimators if weights is None else [*estimators, flow.create(weights=weights)]


def _benchmark_flow_accuracy(weights: Path | None) -> None:
    from dvs_jax import benchmark

    table = Table("estimator", "median px", "mean px", "over 1 px", "over 3 px")
    table.title = "end-point error at 270 × 480: a walk, up to 33 px of motion, seen pixels"
    reports = benchmark.measure_flow_accuracy(_flow_estimators(weights))
    for name, report in reports.items():
        shares = f"{report.over_1_px:.2%}", f"{report.over_3_px:.2%}"
        table.add_row(name, f"{report.median:.3f}", f"{report.mean:.3f}", *shares)
    _out.print(table)


def _benchmark_flow(weights: Path | None) -> None:
    from dvs_jax.flow import benchmark
    from dvs_jax.flow.raft import RaftEstimator

    estimators = _flow_estimators(weights)
    table = Table("estimator", "device", "pairs/s", "ms a pair and direction")
    table.title = "optical flow at 270 × 480, both directions"
    for row in benchmark.measure_speed(estimators):
        speed = f"{row.pairs_per_second:.2f}", f"{row.milliseconds:.0f}"
        table.add_row(row.estimator, row.device, *speed)
    _out.print(table)
    if not isinstance(estimators[-1], RaftEstimator):
        _out.print("RAFT is timed too where --weights names its weights")
        return
    shares = benchmark.measure_time_shares(estimators[-1])
    _out.print(
        f"{estimators[-1].name}: lookup {shares.lookup:.0%}, convolution {shares.convolution:.0%}, "
        f"transfer {shares.transfer:.0%} of {shares.milliseconds:.0f} ms a batch"
    )


def _benchmark_trajectory() -> None:
    from dvs_jax import benchmark

    timing = benchmark.time_trajectory()
    title = f"trajectory of {benchmark.CLIP_SECONDS} s at {benchmark.FRAME_RATE} frames/s"
    table = Table("", "seconds", "clips/s", title=title)
    table.add_row("one clip", f"{timing.one_clip_s:.2f}", f"{1 / timing.one_clip_s:.2f}")
    clips_per_s = benchmark.BATCH / timing.batch_s
    table.add_row(f"batch of {benchmark.BATCH}", f"{timing.batch_s:.2f}", f"{clips_per_s:.2f}")
    _out.print(table)
    _out.print(f"throughput of the batch against one by one: {timing.batch_gain:.2f} ×")


def _benchmark_training(out: Path | None) -> None:
    from dvs_jax.fused import train_benchmark

    with _tracking() as track:
        report = train_benchmark.measure(track=track)
    first, alone = report.steps[0], report.scaling[0]
    table = Table(
        "network", "flow", "windows", "s a step", "windows/s", "ratio", title=report.title
    )
    for each in report.steps:
        measured = each.case.network, each.case.flow, str(each.windows)
        table.add_row(*measured, *_speed(each, first))
    _out.print(table)
    title = f"{alone.case.network}, flow {alone.case.flow}, on virtual devices of one CPU"
    table = Table("devices", "s a step", "windows/s", "ratio", title=title)
    for each in report.scaling:
        table.add_row(str(each.devices), *_speed(each, alone))
    _out.print(table)
    _out.print("Virtual devices share the cores: where one device keeps them busy, 1 is ideal.")
    _out.print(report.estimate)
    if out is not None:
        train_benchmark.write(report, out)
        _say("numbers", out)


def _speed(step: StepSpeed, reference: StepSpeed) -> tuple[str, str, str]:
    ratio = step.windows_per_s / reference.windows_per_s
    return f"{step.seconds:.3g}", f"{step.windows_per_s:.3g}", f"{ratio:.2f}"


def _print_report(report: Report) -> None:
    from dvs_jax import metrics

    if report.metrics is not None:
        _out.print(metrics.render(report.metrics))
    _say("cropped video", report.cropped, f"(keeps {report.kept:.0%} of each side)")
    if report.uncropped is not None:
        _say("uncropped video", report.uncropped)
    _say("plot", report.plot)
    _say("trajectory", report.trajectory)
    if report.metrics_file is not None:
        _say("metrics", report.metrics_file)


def _say(what: str, path: Path, more: str = "") -> None:
    _print_line(_out, f"{what:>16}: {path} {more}".rstrip())


class _Rate(ProgressColumn):
    """Frames per second so far."""

    def render(self, task: Task) -> Text:
        rate = task.completed / task.finished_time if task.finished_time else task.speed
        return Text("" if rate is None else f"{rate:.1f} frames/s")


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description:>12}", table_column=Column(no_wrap=True)),
        BarColumn(),
        MofNCompleteColumn(table_column=Column(no_wrap=True)),
        _Rate(table_column=Column(no_wrap=True)),
        TimeRemainingColumn(elapsed_when_finished=True, table_column=Column(no_wrap=True)),
        console=_err,
        disable=not _err.is_terminal,
    )


@contextlib.contextmanager
def _tracking() -> Iterator[Track]:
    """Show each piece of long work as a bar, one after the other; only a person needs to see it."""
    with contextlib.ExitStack() as bar:

        def track(items: Iterable[Item], total: int, label: str) -> Iterable[Item]:
            bar.close()
            progress = bar.enter_context(_bar())
            return progress.track(items, total=total, description=label)

        yield track


class _Notes(logging.Handler):
    """Shows what the library has to say, each thing once, above the bar."""

    def __init__(self) -> None:
        super().__init__()
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        kind = "note" if record.levelno < logging.WARNING else record.levelname.lower()
        line = f"{kind}: {record.getMessage()}"
        if line not in self._said:
            self._said.add(line)
            _print_line(_err, line)


@contextlib.contextmanager
def _notes_shown() -> Iterator[None]:
    logger, notes = logging.getLogger("dvs_jax"), _Notes()
    level, propagate = logger.level, logger.propagate
    logger.addHandler(notes)
    # Some library gives the root logger a handler of its own, which would say all of it again.
    logger.propagate = False
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(notes)
        logger.setLevel(level)
        logger.propagate = propagate

"""`dvs-jax benchmark`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Table

from dvs_jax.cli import printing
from dvs_jax.cli.options import FlowWeights
from dvs_jax.cli.printing import print_file
from dvs_jax.cli.tracking import tracking
from dvs_jax.errors import InputError

if TYPE_CHECKING:
    from dvs_jax.flow import Estimator
    from dvs_jax.fused.train_benchmark import StepSpeed


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
    weights: FlowWeights = None,
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
    with TemporaryDirectory() as folder, tracking() as track:
        source = clip or pipeline_benchmark.sample_clip(Path(folder), track)
        report = pipeline_benchmark.measure(load_clip(source), network, model, track)
    for part in pipeline_benchmark.render(report):
        printing.out.print(part)
    if out is not None:
        pipeline_benchmark.write(report, out)
        print_file("numbers", out)


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
    with tracking() as track:
        report = fault_benchmark.compare(fault_benchmark.clips(count), networks, track=track)
    for part in table.render(report):
        printing.out.print(part)
    if out is not None:
        table.write_json(report, out)
        print_file("numbers", out)


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
    printing.out.print(table)
    printing.out.print(
        f"{speed.frames_per_s:.0f} frames/s, {speed.gain:.1f} × the paper's "
        f"{benchmark.PAPER_MS:.0f} ms a frame on a T4"
    )
    if out is not None:
        benchmark.write(speed, out)
        print_file("numbers", out)


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
    printing.out.print(table)


def _benchmark_flow(weights: Path | None) -> None:
    from dvs_jax.flow import benchmark
    from dvs_jax.flow.raft import RaftEstimator

    estimators = _flow_estimators(weights)
    table = Table("estimator", "device", "pairs/s", "ms a pair and direction")
    table.title = "optical flow at 270 × 480, both directions"
    for row in benchmark.measure_speed(estimators):
        speed = f"{row.pairs_per_second:.2f}", f"{row.milliseconds:.0f}"
        table.add_row(row.estimator, row.device, *speed)
    printing.out.print(table)
    if not isinstance(estimators[-1], RaftEstimator):
        printing.out.print("RAFT is timed too where --weights names its weights")
        return
    shares = benchmark.measure_time_shares(estimators[-1])
    printing.out.print(
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
    printing.out.print(table)
    printing.out.print(f"throughput of the batch against one by one: {timing.batch_gain:.2f} ×")


def _benchmark_training(out: Path | None) -> None:
    from dvs_jax.fused import train_benchmark

    with tracking() as track:
        report = train_benchmark.measure(track=track)
    first, alone = report.steps[0], report.scaling[0]
    table = Table(
        "network", "flow", "windows", "s a step", "windows/s", "ratio", title=report.title
    )
    for each in report.steps:
        measured = each.case.network, each.case.flow, str(each.windows)
        table.add_row(*measured, *_speed(each, first))
    printing.out.print(table)
    title = f"{alone.case.network}, flow {alone.case.flow}, on virtual devices of one CPU"
    table = Table("devices", "s a step", "windows/s", "ratio", title=title)
    for each in report.scaling:
        table.add_row(str(each.devices), *_speed(each, alone))
    printing.out.print(table)
    printing.out.print(
        "Virtual devices share the cores: where one device keeps them busy, 1 is ideal."
    )
    printing.out.print(report.estimate)
    if out is not None:
        train_benchmark.write(report, out)
        print_file("numbers", out)


def _speed(step: StepSpeed, reference: StepSpeed) -> tuple[str, str, str]:
    ratio = step.windows_per_s / reference.windows_per_s
    return f"{step.seconds:.3g}", f"{step.windows_per_s:.3g}", f"{ratio:.2f}"

"""`dvs-jax benchmark …`: a command for each benchmark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dvs_jax.cli import printing
from dvs_jax.cli.options import FlowWeights, Model, Models
from dvs_jax.cli.printing import print_file
from dvs_jax.cli.tracking import tracking

if TYPE_CHECKING:
    from dvs_jax.benchmarks.report import Report
    from dvs_jax.progress import Track

Numbers = Annotated[
    Path | None,
    typer.Option("--out", help="File for the numbers, as JSON.", show_default=False),
]
Picture = Annotated[
    Path | None,
    typer.Option("--plot", help="File for a picture of them, .png or .jpg.", show_default=False),
]

benchmark = typer.Typer(
    help="Measure speed on this machine, medians of several runs; the accuracy of flow; or "
    "steadiness. Without a name: trajectory.",
    invoke_without_command=True,
)


@benchmark.callback()
def default(
    context: typer.Context,
    profile: Annotated[
        Path | None,
        typer.Option(
            help="Folder for a trace by JAX's profiler; give it before the benchmark's name.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run the first where none is named."""
    if profile is not None:
        import jax

        context.with_resource(jax.profiler.trace(profile))
    if context.invoked_subcommand is None:
        trajectory()


@benchmark.command()
def trajectory(out: Numbers = None, plot: Picture = None) -> None:
    """The network on one long clip and on many."""
    from dvs_jax.benchmarks import trajectory

    _report(lambda track: trajectory.measure(), out, plot)


@benchmark.command()
def pipeline(
    clip: Annotated[
        Path | None,
        typer.Argument(help="Without a clip 20 s of full HD are made.", show_default=False),
    ] = None,
    model: Model = None,
    out: Numbers = None,
    plot: Picture = None,
) -> None:
    """`stabilize` from end to end and by stage, beside a plain transcode."""
    from dvs_jax.benchmarks import pipeline

    _report(lambda track: pipeline.measure(clip, model, track), out, plot)


@benchmark.command()
def frames_only(
    clip: Annotated[
        Path | None,
        typer.Argument(help="Without a clip 8 s of full HD are made.", show_default=False),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="A network that reads frames alone. Can be given several times.",
            show_default="stabnet, stabgan",
        ),
    ] = None,
    out: Numbers = None,
    plot: Picture = None,
) -> None:
    """`stabilize` by frames alone, beside a plain transcode."""
    from dvs_jax.benchmarks import frames_only

    _report(lambda track: frames_only.measure(clip, model, track), out, plot)


@benchmark.command()
def train(out: Numbers = None, plot: Picture = None) -> None:
    """Training, and what the paper's recipe would take."""
    from dvs_jax.benchmarks import train

    _report(lambda track: train.measure(track), out, plot)


@benchmark.command()
def scaling(
    config: Annotated[Path, typer.Option(help="What is trained, its batch on one device.")] = Path(
        "configs/dvs.py"
    ),
    step_s: Annotated[
        float | None,
        typer.Option(min=1e-9, help="Seconds of a step on one device.", show_default=False),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(
            help="Folder of a training on one device, which tells them.", show_default=False
        ),
    ] = None,
    link_gb_s: Annotated[float, typer.Option(min=1e-6, help="GB/s between devices.")] = 12.5,
    latency_us: Annotated[float, typer.Option(min=0.0, help="Its latency in µs.")] = 10.0,
    out: Numbers = None,
    plot: Picture = None,
) -> None:
    """What training would do on 8, 64 and 512 devices: arithmetic from a step on one."""
    from dvs_jax.benchmarks import scaling
    from dvs_jax.benchmarks.scaling_model import Link

    link = Link(1e9 * link_gb_s, 1e-6 * latency_us)
    _report(lambda track: scaling.measure(config, step_s, run, link, track), out, plot)


@benchmark.command()
def loss_terms(
    config: Annotated[Path, typer.Option(help="What to train.")] = Path("configs/stabgan_smoke.py"),
    workdir: Annotated[Path, typer.Option(help="Folder of the trainings.")] = Path("runs/terms"),
    seeds: Annotated[int, typer.Option(min=1, help="Trainings each.")] = 2,
    out: Numbers = None,
    plot: Picture = None,
) -> None:
    """What is lost where a term of the loss is left out.

    A network is trained with all terms, and without each one; what is measured is each one's last
    evaluation. Trainings that have ended are not done again.
    """
    from dvs_jax.benchmarks import loss_terms

    _report(lambda track: loss_terms.measure(config, workdir, seeds, track), out, plot)


@benchmark.command()
def device(out: Numbers = None, plot: Picture = None) -> None:
    """Flow, network and drawing together on the GPUs or TPUs."""
    from dvs_jax.benchmarks import device

    _report(lambda track: device.measure(), out, plot)


@benchmark.command()
def flow(weights: FlowWeights = None, out: Numbers = None, plot: Picture = None) -> None:
    """The flow estimators' speed."""
    from dvs_jax.benchmarks import flow

    _report(lambda track: flow.measure(weights), out, plot)


@benchmark.command()
def flow_accuracy(weights: FlowWeights = None, out: Numbers = None, plot: Picture = None) -> None:
    """The flow estimators' error against exact flow."""
    from dvs_jax.benchmarks import flow_accuracy

    _report(lambda track: flow_accuracy.measure(weights), out, plot)


@benchmark.command()
def subject(
    models: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the published models. Without it they are downloaded.",
            show_default=False,
        ),
    ] = None,
    out: Numbers = None,
    plot: Picture = None,
) -> None:
    """Keeping a person in place: networks and stages."""
    from dvs_jax.benchmarks import subject

    _report(lambda track: subject.measure(models, track), out, plot)


@benchmark.command()
def faults(
    model: Models = None,
    clips: Annotated[int, typer.Option(min=1, help="How many clips are rendered.")] = 4,
    out: Numbers = None,
    plot: Picture = None,
) -> None:
    """What networks leave of the shake where the sensors err.

    Clips are rendered, and their logs given a bias or a wrong clock, or left out; what is measured
    is the shake left in the pictures that each network leads to.
    """
    from dvs_jax.benchmarks import faults

    _report(lambda track: faults.measure(model, clips, track), out, plot)


@benchmark.command()
def viewport(
    model: Annotated[str, typer.Option(help="The small network: a name or a folder.")] = "viewport",
    out: Numbers = None,
    plot: Picture = None,
) -> None:
    """Predicting where a viewer looks: a live step, and many windows."""
    from dvs_jax.benchmarks import viewport

    _report(lambda track: viewport.measure(model), out, plot)


def _report(measure: Callable[[Track], Report], numbers: Path | None, drawing: Path | None) -> None:
    """Measure, print what was found, and write and draw it where that is wanted."""
    from dvs_jax.benchmarks import picture, report

    report.require_file(numbers, "the numbers")
    picture.require_picture(drawing)
    with tracking() as track:
        found = measure(track)
    for part in report.render(found):
        printing.out.print(part)
    if numbers is not None:
        report.write(found, numbers)
        print_file("numbers", numbers)
    if drawing is not None:
        picture.draw(found, drawing)
        print_file("picture", drawing)

"""The command line; parses, calls, prints, and does nothing else."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

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
from rich.table import Table
from rich.text import Text

from dvs_jax.errors import InputError
from dvs_jax.progress import Item

if TYPE_CHECKING:
    from dvs_jax.stabilization import Report

app = typer.Typer(
    help="Steady video from shaky: gyro, OIS and optical flow in, a virtual camera's video out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
benchmarks = typer.Typer(help="Measure speed on this machine.", no_args_is_help=True)
app.add_typer(benchmarks, name="benchmark")

_out = Console()
_err = Console(stderr=True)

Smoothers = Literal["gaussian", "savitzky-golay", "exponential", "adaptive"]
Motions = Literal["handheld", "walking", "panning", "still"]
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

ClipArgument = Annotated[
    Path,
    typer.Argument(
        help="A folder with a video and its logs, the video itself, or a folder of frames.",
        show_default=False,
    ),
]


def main() -> None:
    """Run the command; input that cannot be used ends in one line and exit code 2."""
    handler = logging.StreamHandler(_Stderr())
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    logger = logging.getLogger("dvs_jax")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logging.addLevelName(logging.INFO, "note")
    logging.addLevelName(logging.WARNING, "warning")
    try:
        app()
    except InputError as error:
        _err.print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        _err.print("interrupted")
        sys.exit(130)


@app.command()
def stabilize(
    clip: ClipArgument,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")] = Path("out"),
    model: Annotated[
        str | None,
        typer.Option(
            help="Network that finds the path: an Orbax folder or an official .checkpoint. "
            "Without it the smoother does.",
            show_default=False,
        ),
    ] = None,
    smoother: Annotated[
        Smoothers, typer.Option(help="Classical smoother of the path, used without a model.")
    ] = "adaptive",
    crop: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=0.45,
            help="The most to cut off at each side, as a share of width and height.",
        ),
    ] = 0.1,
    border: Annotated[
        Literal["black", "reflect"],
        typer.Option(help="What fills uncovered pixels of the uncropped video."),
    ] = "black",
    crf: Annotated[
        float, typer.Option(min=0, max=51, help="Quality of the H.264 video; less is better.")
    ] = 18,
    preset: Annotated[
        Presets, typer.Option(help="Speed of the H.264 encoder against the size of its file.")
    ] = "medium",
    measure: Annotated[
        bool, typer.Option("--metrics/--no-metrics", help="Measure stability; slow, 3-6 frames/s.")
    ] = True,
) -> None:
    """Stabilise a clip.

    Writes NAME_stab.mp4 (uncropped), NAME_stab_crop.mp4, the path as NAME.txt and NAME.jpg, and
    the metrics as NAME_metrics.json. A gyro log must lie beside the video, as NAME_gyro.csv with
    the header t_s,wx,wy,wz; OIS and frame logs and a camera.toml help. See docs/formats.md.
    """
    from dvs_jax.clip import load_clip
    from dvs_jax.fused.weights import load_model
    from dvs_jax.stabilization import stabilize

    network = None if model is None else load_model(model)
    with _tracking() as track:
        report = stabilize(
            load_clip(clip),
            out,
            model=network,
            smoother=smoother,
            crop=crop,
            border=border,
            crf=crf,
            preset=preset,
            measure=measure,
            track=track,
        )
    _print_report(report)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the demo.")] = Path("demo"),
    seconds: Annotated[float, typer.Option(min=1.0, help="Length of the clip.")] = 5.0,
) -> None:
    """Make a short shaky clip and stabilise it: nothing else is needed."""
    synthesize(out / "clip", motion="walking", seconds=seconds)
    stabilize(out / "clip", out=out / "result")


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
    _say("clip", video)


@app.command()
def convert(
    checkpoint: Annotated[Path, typer.Argument(help="An official PyTorch checkpoint of DVS.")],
    out: Annotated[Path, typer.Argument(help="Folder for the Orbax checkpoint; must be new.")],
) -> None:
    """Turn an official PyTorch checkpoint into an Orbax one. PyTorch is not needed."""
    from dvs_jax.fused import weights

    weights.save(weights.load(checkpoint), out)
    _say("checkpoint", out)


@benchmarks.command("trajectory")
def benchmark_trajectory() -> None:
    """Time the network on a 60 s clip at 30 frames/s, alone and 64 at once, features given."""
    from dvs_jax import benchmark

    timing = benchmark.time_trajectory()
    table = Table("", "seconds", "clips/s", title="trajectory of 60 s at 30 frames/s")
    table.add_row("one clip", f"{timing.one_clip_s:.2f}", f"{1 / timing.one_clip_s:.2f}")
    clips_per_s = benchmark.BATCH / timing.batch_s
    table.add_row(f"batch of {benchmark.BATCH}", f"{timing.batch_s:.2f}", f"{clips_per_s:.2f}")
    _out.print(table)
    _out.print(f"throughput of the batch against one by one: {timing.batch_gain:.2f} ×")


def _print_report(report: Report) -> None:
    from dvs_jax import metrics

    if report.metrics is not None:
        _out.print(metrics.render(report.metrics))
    _say("cropped video", report.cropped, f"(keeps {report.kept:.0%} of each side)")
    _say("uncropped video", report.uncropped)
    _say("plot", report.plot)
    _say("trajectory", report.trajectory)
    if report.metrics_file is not None:
        _say("metrics", report.metrics_file)


def _say(what: str, path: Path, more: str = "") -> None:
    _out.print(f"{what:>16}: {path} {more}".rstrip(), markup=False, highlight=False, soft_wrap=True)


class _Tracker:
    """Shows each piece of long work as a bar."""

    def __init__(self, progress: Progress):
        self._progress = progress

    def __call__(self, items: Iterable[Item], total: int, label: str) -> Iterable[Item]:
        return self._progress.track(items, total=total, description=label)


class _Rate(ProgressColumn):
    """Frames per second so far."""

    def render(self, task: Task) -> Text:
        rate = task.finished_speed or task.speed
        return Text("" if rate is None else f"{rate:.1f} frames/s")


@contextlib.contextmanager
def _tracking() -> Iterator[_Tracker]:
    columns = (
        TextColumn("{task.description:>12}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=_err) as progress:
        yield _Tracker(progress)


class _Stderr:
    """Log lines through the console, so that they do not break a progress bar."""

    def write(self, text: str) -> None:
        _err.print(text, end="", markup=False, highlight=False, soft_wrap=True)

    def flush(self) -> None:
        """Nothing is held back."""

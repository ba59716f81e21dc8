"""`dvs-jax evaluate`."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from dvs_jax.cli import printing
from dvs_jax.cli.options import FlowEstimator, FlowWeights, Models
from dvs_jax.cli.printing import print_file
from dvs_jax.cli.tracking import tracking


def evaluate(
    clips: Annotated[
        list[Path],
        typer.Argument(
            help="Clips as stabilize takes them, or built datasets, whose test split is taken.",
            show_default=False,
        ),
    ],
    model: Models = None,
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
    flow_estimator: FlowEstimator = "auto",
    flow_weights: FlowWeights = None,
    measure: Annotated[
        bool,
        typer.Option(
            "--measure/--no-measure",
            help="Also draw every method's video and measure it, which takes minutes a clip.",
        ),
    ] = True,
) -> None:
    """Compare the input, smoothers, networks and others, each using as much of the frame.

    Each method's strength is tuned on each clip until the worst frame just covers what the crop
    keeps. Smoothers look ahead by 400 ms, as networks do; a method that goes by the pictures alone,
    by 1 s; affine maps are smoothed over the whole clip; ffmpeg's vidstab has two rows where it is
    installed. Clips without a gyro have the rows that need none. Smoothers held "within frame" give
    way at the frame's edge instead, at their best strength; the last rows see the whole clip,
    smoothers in both ways and networks as stabilize runs them.
    """
    from dvs_jax import evaluation, flow, storage
    from dvs_jax.evaluation import table

    named = flow_weights is None
    estimator = flow_estimator if named else flow.create(flow_estimator, weights=flow_weights)
    place = nullcontext() if out is None else storage.uploaded(out)
    with tracking() as track, place as folder:
        comparison = evaluation.evaluate(
            clips,
            model or None,
            folder,
            crop=crop,
            measure=measure,
            flow_estimator=estimator,
            track=track,
        )
    for part in table.render(comparison):
        printing.out.print(part)
    if out is not None:
        print_file("numbers", out / evaluation.NUMBERS)
        print_file("picture", out / evaluation.PICTURE)

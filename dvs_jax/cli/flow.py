"""`dvs-jax flow`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from dvs_jax.cli.options import ESTIMATOR_HELP, FlowWeights
from dvs_jax.cli.printing import print_file
from dvs_jax.cli.tracking import tracking


def flow(
    clip: Annotated[
        Path, typer.Argument(help="A video, or a folder with one.", show_default=False)
    ],
    estimator: Annotated[str, typer.Option(help=ESTIMATOR_HELP)] = "auto",
    weights: FlowWeights = None,
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
    with tracking() as track:
        frames = video.read_frames(source)
        made = cache.fill(frames, pairs, folder, maker, source=str(source))
        for _ in track(made, pairs, "optical flow"):
            pass
    print_file("flow", folder.forward_path(0).parent, f"by {maker.name}")
    print_file("and back", folder.backward_path(0).parent)

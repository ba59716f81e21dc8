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
    estimator: Annotated[
        str | None,
        typer.Option(help=ESTIMATOR_HELP, show_default="auto; tvl1 with --pictures"),
    ] = None,
    weights: FlowWeights = None,
    iterations: Annotated[int, typer.Option(min=1, help="How often RAFT refines a flow.")] = 12,
    suffix: Annotated[
        Literal[".flo", ".npz", ".png"],
        typer.Option("--format", help="Middlebury, compressed NumPy, or KITTI's 16-bit PNG."),
    ] = ".flo",
    pictures: Annotated[
        bool,
        typer.Option(
            "--pictures", help="Draw key points and flow too, as JPEGs in flow_pictures beside it."
        ),
    ] = False,
    features: Annotated[
        Literal["orb", "sift"], typer.Option(help="Which key points --pictures draws.")
    ] = "orb",
) -> None:
    """Compute a clip's optical flow once, both directions, into flo/ and flo_back/ beside it.

    What is there already is kept: an interrupted run goes on where it stopped. `stabilize` uses
    these files where a network wants flow.

    With --pictures, flow_pictures/features shows the key points of each frame, u and v the flow to
    the next one, to the right and down: grey is 0, white and black are 15 pixels of the video.
    """
    from dvs_jax import flow, video
    from dvs_jax.clip import find_video
    from dvs_jax.flow import cache, picture_folder

    source = find_video(clip)
    pairs = video.probe(source).frame_count - 1
    # RAFT's name is that of its weights.
    usual = "tvl1" if pictures and weights is None else "auto"
    maker = flow.create(estimator or usual, weights=weights, iterations=iterations)
    folder = flow.FlowFolder(source.absolute().parent, suffix)
    with tracking() as track:
        frames = video.read_frames(source)
        made = cache.fill(frames, pairs, folder, maker, source=str(source))
        for _ in track(made, pairs, "optical flow"):
            pass
        if pictures:
            drawn = picture_folder.write(video.read_frames(source), folder, features)
            for _ in track(drawn, pairs + 1, "pictures"):
                pass
    print_file("flow", folder.forward_path(0).parent, f"by {maker.name}")
    print_file("and back", folder.backward_path(0).parent)
    if pictures:
        print_file("pictures", folder.clip / picture_folder.NAME)

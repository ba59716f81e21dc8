"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

ESTIMATOR_HELP = (
    "Optical flow by dis, dis-quick, farneback, tvl1, raft-small, raft-things, …; auto takes RAFT "
    "on an accelerator and, on a CPU, dis-quick for our own networks and dis for official ones."
)
WEIGHTS_HELP = "RAFT weights to use: a .pth file or a converted folder."

FlowEstimator = Annotated[str, typer.Option("--flow", help=ESTIMATOR_HELP)]

FlowWeights = Annotated[Path | None, typer.Option(help=WEIGHTS_HELP, show_default=False)]

Model = Annotated[
    str | None,
    typer.Option(
        help="Network that finds the path: a shipped one, an Orbax folder or an official "
        "checkpoint (of StabNet in TensorFlow its .index file).",
        show_default="fused",
    ),
]

Models = Annotated[
    list[str] | None,
    typer.Option(
        help="A network to compare: a name, an Orbax folder or an official checkpoint. Can be "
        "given several times.",
        show_default="those shipped with the package",
    ),
]

Start = Annotated[float, typer.Option(min=0.0, help="Leave out what comes before, in seconds.")]

FrameTimes = Annotated[
    Path | None,
    typer.Option(
        help="Text file that tells when each frame was taken, a line a frame.",
        show_default="the one with frame in its name beside the video",
    ),
]

StartNumber = Annotated[
    int,
    typer.Option(
        min=1,
        help="Which of those lines, counted from 1, is the first frame's: for pictures 100.jpg, "
        "101.jpg, … of a longer recording.",
    ),
]

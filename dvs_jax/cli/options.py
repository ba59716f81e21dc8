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

"""`dvs-jax convert`."""

from pathlib import Path
from typing import Annotated

import typer

from dvs_jax.cli.printing import print_file


def convert(
    checkpoint: Annotated[
        Path, typer.Argument(help="An official PyTorch checkpoint of DVS or of RAFT.")
    ],
    out: Annotated[Path, typer.Argument(help="Folder for the Orbax checkpoint; must be new.")],
) -> None:
    """Turn an official PyTorch checkpoint into an Orbax one. PyTorch is not needed."""
    from dvs_jax.stabilization import models

    models.convert(checkpoint, out)
    print_file("checkpoint", out)

"""`dvs-jax convert`."""

from pathlib import Path
from typing import Annotated

import typer

from dvs_jax.cli.printing import print_file


def convert(
    checkpoint: Annotated[
        Path,
        typer.Argument(
            help="An official PyTorch checkpoint of DVS, RAFT, StabNet (the PyTorch port's "
            "stabNet.pth) or StabGAN, or the .index file of StabNet's in TensorFlow."
        ),
    ],
    out: Annotated[Path, typer.Argument(help="Folder for the Orbax checkpoint; must be new.")],
) -> None:
    """Turn an official checkpoint into an Orbax one. Neither PyTorch nor TensorFlow is needed."""
    from dvs_jax.stabilization import models

    models.convert(checkpoint, out)
    print_file("checkpoint", out)

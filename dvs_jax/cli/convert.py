"""`dvs-jax convert`."""

from pathlib import Path
from typing import Annotated

import typer

from dvs_jax.cli.printing import print_file


def convert(
    checkpoint: Annotated[
        Path,
        typer.Argument(
            help="A published PyTorch checkpoint of DVS, RAFT, StabNet (the PyTorch port's "
            "stabNet.pth), StabGAN, STAR-VP, PAVER or timm's vision transformers; the .index file "
            "of StabNet's in TensorFlow; or Google's .npz of a vision transformer."
        ),
    ],
    out: Annotated[Path, typer.Argument(help="Folder for the Orbax checkpoint; must be new.")],
) -> None:
    """Turn a published checkpoint into an Orbax one. Neither PyTorch nor TensorFlow is needed."""
    from dvs_jax import storage
    from dvs_jax.stabilization import models

    with storage.uploaded(out) as folder:
        models.convert(storage.local(checkpoint), folder)
    print_file("checkpoint", out)

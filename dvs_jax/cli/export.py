"""`dvs-jax export`."""

from pathlib import Path
from typing import Annotated

import typer

from dvs_jax.cli.printing import print_file
from dvs_jax.cli.tracking import tracking


def export(
    model: Annotated[
        str, typer.Argument(help="A network: the name of a shipped one, or its folder or file.")
    ],
    out: Annotated[Path, typer.Argument(help="Folder for the functions and how to run them.")],
) -> None:
    """Write a network's functions as StableHLO, which JAX alone runs, on CPU, GPU and TPU."""
    from dvs_jax import export, storage
    from dvs_jax.export.models import functions_of

    found = functions_of(model)
    with tracking() as track, storage.uploaded(out) as folder:
        written = export.write(found, folder, model, track)
    for file in written:
        print_file("function", out / file.name)
    print_file("how to run them", out / "README.md")

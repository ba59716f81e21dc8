"""`dvs-jax demo`."""

from pathlib import Path
from typing import Annotated

import typer

from dvs_jax.cli.stabilize import stabilize
from dvs_jax.cli.synthesize import synthesize


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the demo.")] = Path("demo"),
    seconds: Annotated[float, typer.Option(min=1.0, help="Length of the clip.")] = 5.0,
) -> None:
    """Make a short shaky clip and stabilise it: nothing else is needed."""
    synthesize(out / "clip", motion="walking", seconds=seconds)
    stabilize([str(out / "clip")], out=out / "result", measure=True)

"""`python -m data.viewport_traces --config synthetic --out FOLDER`: make the dataset."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from data.dataset_builder import build
from data.viewport_traces import ViewportTraces
from dvs_jax.errors import InputError

app = typer.Typer()


@app.command()
def main(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for datasets.")],
    config: Annotated[
        Literal["synthetic", "smoke", "wu", "david"], typer.Option(help="Whose viewers.")
    ] = "synthetic",
    source: Annotated[
        Path | None,
        typer.Option(help="Folder of the data set of Wu or of David, which you unpacked."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the split, and of what is made up.")] = 0,
) -> None:
    """Write viewers of 360° videos, and what is salient in these, as a TFDS dataset."""
    try:
        builder = ViewportTraces(
            source=source, seed=seed, config=config, data_dir=out, file_format="array_record"
        )
        typer.echo(f"dataset: {build(builder)}")
    except InputError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None


if __name__ == "__main__":
    app()

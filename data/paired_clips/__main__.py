"""`python -m data.paired_clips --config small --out FOLDER`: make the dataset."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from data.dataset_builder import build
from data.paired_clips import PairedClips
from dvs_jax.errors import InputError

app = typer.Typer()


@app.command()
def main(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for datasets.")],
    config: Annotated[Literal["small", "full", "smoke"], typer.Option(help="Which variant.")] = (
        "small"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal datasets.")] = 0,
    steadiness: Annotated[
        Literal["online", "whole"],
        typer.Option(help="Steady by the frames until now, or by the whole clip."),
    ] = "online",
) -> None:
    """Render training and test clips, steady and shaky, and write them as a TFDS dataset."""
    try:
        builder = PairedClips(
            seed=seed,
            steadiness=steadiness,
            config=config,
            data_dir=out,
            file_format="array_record",
        )
        typer.echo(f"dataset: {build(builder)}")
    except InputError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None


if __name__ == "__main__":
    app()

"""`python -m data.dvs_clips --source FOLDER --config quarter --out FOLDER`: make the dataset."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from data.dataset_builder import build
from data.dvs_clips import DvsClips
from dvs_jax.errors import InputError

Configs = Literal["full", "quarter", "small", "poses"]


def main(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for datasets.")],
    source: Annotated[
        Path | None,
        typer.Option(
            help="The released all.zip, the folder it unpacks to, or a folder of your own with "
            "training/<clip> and test/<clip>; downloaded (10 GB) if not given."
        ),
    ] = None,
    config: Annotated[
        Configs, typer.Option(help="Flow of 480 × 270, of 120 × 68, or none.")
    ] = "full",
) -> None:
    """Turn clips into a TFDS dataset of training records; flow is made where there is none."""
    try:
        builder = DvsClips(source=source, config=config, data_dir=out, file_format="array_record")
        typer.echo(f"dataset: {build(builder)}")
    except InputError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None


if __name__ == "__main__":
    typer.run(main)

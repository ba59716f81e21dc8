"""`python -m data.synthetic_clips --config quarter --out FOLDER`: make the dataset."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from data.dataset_builder import build
from data.synthetic_clips import SyntheticClips
from dvs_jax.errors import InputError

app = typer.Typer()

Configs = Literal["poses", "small", "quarter", "full", "smoke"]


@app.command()
def main(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for datasets.")],
    config: Annotated[Configs, typer.Option(help="Which variant.")] = "poses",
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal datasets.")] = 0,
    imu: Annotated[
        list[Path] | None,
        typer.Option(
            help="A real camera's gyro log, as which another fifth of cameras turn; repeatable."
        ),
    ] = None,
) -> None:
    """Make training and test clips from nothing, and write them as a TFDS dataset."""
    try:
        builder = SyntheticClips(
            seed=seed, imu=imu or [], config=config, data_dir=out, file_format="array_record"
        )
        typer.echo(f"dataset: {build(builder)}")
    except InputError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None


if __name__ == "__main__":
    app()

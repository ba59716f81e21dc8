"""`python -m data.photographs FOLDER`: gather photographs to train on."""

from pathlib import Path
from typing import Annotated

import typer

from data.photographs.gather import gather
from data.photographs.listed import photographs
from data.photographs.packages import fetch
from dvs_jax.errors import InputError

app = typer.Typer()


@app.command()
def main(
    out: Annotated[Path, typer.Argument(help="Folder for train/, held_out/ and licences.csv.")],
) -> None:
    """Gather freely licensed photographs from Debian's packages and two wheels.

    300 MB are downloaded and nothing is installed. `photographs.csv` beside this program lists the
    pictures with their authors and licences.
    """
    try:
        gathered, missing = gather(photographs(), out, fetch)
    except InputError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    for picture in missing:
        typer.echo(f"not in this release's package: {picture.package} {picture.file}", err=True)
    typer.echo(f"{out}: {len(gathered)} photographs")


if __name__ == "__main__":
    app()

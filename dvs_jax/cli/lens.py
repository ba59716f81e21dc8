"""`dvs-jax lens`."""

from pathlib import Path
from typing import Annotated

import typer

from dvs_jax.cli import printing
from dvs_jax.cli.printing import print_line
from dvs_jax.errors import InputError


def lens(
    words: Annotated[
        list[str],
        typer.Argument(help="Camera, lens and mode: hero10 wide 4by3.", show_default=False),
    ],
    collection: Annotated[
        Path | None,
        typer.Option(help="Folder of profiles to search.", show_default="Gyroflow's, fetched once"),
    ] = None,
) -> None:
    """Find the lens profile of a camera, for its camera.toml.

    Profiles of some thousand cameras, lenses and modes, which the users of Gyroflow share (CC0),
    are fetched from GitHub at the first call. Each one found is printed as the line that
    camera.toml takes. Choose the mode in which the video was filmed: its shape and field of view
    have to be the video's.
    """
    from dvs_jax.recordings import lens_collection

    folder = lens_collection.fetch() if collection is None else collection
    found = list(lens_collection.search(folder, words))
    if not found:
        wanted = " ".join(words)
        raise InputError(f"{folder}: no profile has {wanted!r} in its name; try fewer words")
    for file, profile in found:
        if isinstance(profile, InputError):
            print_line(printing.err, f"note: {profile}")
            continue
        width, height = profile.size
        told = " ".join(filter(None, (profile.camera, profile.setting)))
        line = f"lens = {_toml(file)}  # {told}, {width:g} × {height:g}"
        print_line(printing.out, line)


def _toml(file: Path) -> str:
    """Return a path as TOML's string."""
    text = str(file.absolute())
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

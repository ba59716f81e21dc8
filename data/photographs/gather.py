"""Copies the listed photographs out of packages, with their licences."""

import csv
import tempfile
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path

from PIL import Image

from data.photographs.listed import USES, Listed
from dvs_jax.errors import InputError, reading

LONGEST_SIDE = 2560
"""Pixels: larger ones are reduced, since training looks at crops of far less."""
QUALITY = 95


def gather(
    listed: Sequence[Listed], out: Path, fetch: Callable[[str, Path], Path]
) -> tuple[list[Listed], list[Listed]]:
    """Write photographs to `out/train/` and `out/held_out/`, and `out/licences.csv`.

    Args:
        listed: what to gather, packages in one piece each.
        out: a folder that is not there yet, or empty.
        fetch: downloads a package to a folder and returns the folder of its files.

    Returns:
        What was gathered, and what these packages lack: other releases have other pictures.

    Raises:
        InputError: the folder has files in it or cannot be written, or a package is not to be had.
    """
    with reading(out, "cannot be written"):
        if out.is_dir() and any(out.iterdir()):
            raise InputError(f"{out}: is not empty; name another folder")
        for use in USES:
            (out / use).mkdir(parents=True)
    gathered, missing = [], []
    for package, pictures in groupby(listed, lambda picture: picture.package):
        with tempfile.TemporaryDirectory() as folder:
            files = fetch(package, Path(folder))
            for picture in pictures:
                found = _copy(files / picture.file, out / picture.use / picture.name)
                (gathered if found else missing).append(picture)
    _write_licences(gathered, out / "licences.csv")
    return gathered, missing


def _copy(source: Path, target: Path) -> bool:
    if not source.is_file():
        return False
    with reading(source, "cannot be read as a picture"):
        picture = Image.open(source).convert("RGB")
        picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    picture.save(target, quality=QUALITY)
    return True


def _write_licences(pictures: Sequence[Listed], file: Path) -> None:
    with file.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(["picture", "package", "file", "author", "licence"])
        for each in pictures:
            shown = f"{each.use}/{each.name}"
            writer.writerow([shown, each.package, each.file, each.author, each.licence])

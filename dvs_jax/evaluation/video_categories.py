"""Folders of shaky videos by category, as those of the National University of Singapore (NUS).

They have a folder a category (Regular, QuickRotation, Zooming, Parallax, Crowd, Running), with the
videos in it or in folders below.
"""

from collections.abc import Iterable
from pathlib import Path

from dvs_jax.errors import InputError
from dvs_jax.sensors.folder import VIDEO_SUFFIXES, is_video
from dvs_jax.training.paired_videos import in_order

ORIGINALS = "original"
"""Where a category has a folder of this name, the others hold what methods made of the videos."""


def videos_by_category(folder: Path) -> dict[str, list[Path]]:
    """Return a folder's videos, by the folder that they are in.

    Args:
        folder: with a folder a category; videos that lie in it directly have the category of its
            name.

    Returns:
        The categories that have videos, by name; names of videos that are numbers in their order.

    Raises:
        InputError: there is no such folder, or no video in it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder of videos")
    within = {each.name: _below(each) for each in sorted(folder.iterdir()) if each.is_dir()}
    found = {folder.name: _in_order(folder.iterdir()), **within}
    if not any(found.values()):
        raise InputError(
            f"{folder}: no video in it or in a category's folder; what counts is "
            f"{', '.join(VIDEO_SUFFIXES)}"
        )
    return {name: videos for name, videos in found.items() if videos}


def _below(category: Path) -> list[Path]:
    originals = category / ORIGINALS
    return _in_order((originals if originals.is_dir() else category).rglob("*"))


def _in_order(files: Iterable[Path]) -> list[Path]:
    videos = (file for file in files if is_video(file) and file.is_file())
    return sorted(videos, key=lambda file: in_order(file.stem))

"""The lens profiles that Gyroflow's users share (CC0): fetched once, then searched."""

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from dvs_jax.cache_folder import cache_folder
from dvs_jax.errors import InputError, reason
from dvs_jax.pretrained import downloaded
from dvs_jax.sensors import lens_profile
from dvs_jax.sensors.lens_profile import LensProfile

ARCHIVE = "https://github.com/gyroflow/lens_profiles/archive/refs/heads/main.zip"

FOLDER_NAME = "lens_profiles"


def fetched() -> Path:
    """Return where the collection lies once it is fetched."""
    return cache_folder() / FOLDER_NAME


def fetch(url: str = ARCHIVE) -> Path:
    """Return the folder of the collection in the cache, after fetching it if it is not there.

    It has no checksum, since the collection grows; remove the folder to fetch it anew.

    Raises:
        InputError: it cannot be downloaded or stored, or what the server sent is no archive.
    """
    folder = fetched()
    if folder.is_dir():
        return folder
    try:
        _download(url, folder)
    # From requests, pooch, zipfile or the disk: the advice is the same for all.
    except Exception as error:
        if folder.is_dir():  # another run was faster
            return folder
        raise InputError(
            f"the lens profiles are not at hand and cannot be fetched ({reason(error)}); fetch "
            f"{url} some other way, unpack it, and name its folder with --collection"
        ) from error
    return folder


def _download(url: str, folder: Path) -> None:
    with downloaded(url, folder.parent, None, "profiles.zip") as archive:
        unpacked = archive.parent / FOLDER_NAME
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(unpacked)
        unpacked.rename(folder)


def search(folder: Path, words: Sequence[str]) -> Iterator[tuple[Path, LensProfile | InputError]]:
    """Yield the profiles of a folder, and of those in it, that have all words in their name.

    A name is that of the file and of its folders, without regard to case: brand, model, lens, mode.

    Args:
        folder: the collection.
        words: such as "hero10" and "wide".

    Yields:
        Each file in order, and its profile, or why it cannot be used.

    Raises:
        InputError: there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    wanted = [word.casefold() for word in words]
    for file in sorted(folder.rglob("*.json")):
        name = file.relative_to(folder).with_suffix("").as_posix().casefold()
        if all(word in name for word in wanted):
            yield file, _profile(file)


def _profile(file: Path) -> LensProfile | InputError:
    try:
        return lens_profile.read(file)
    except InputError as error:
        return error

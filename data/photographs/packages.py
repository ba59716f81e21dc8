"""Downloads packages by their ordinary clients, and unpacks them without installing them."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from dvs_jax.errors import InputError

WHEELS = ("scikit-image", "scikit-learn")
"""What pip brings; the others are Debian's."""


def fetch(package: str, folder: Path) -> Path:
    """Download a package and unpack it.

    Args:
        package: its name.
        folder: where to; made if it is not there.

    Returns:
        The folder of its files.

    Raises:
        InputError: there is no such client here, or the client refused.
    """
    download, files = folder / f"{package}.download", folder / package
    download.mkdir(parents=True)
    if package in WHEELS:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", package]
        run(pip, download)
        with zipfile.ZipFile(_only_file_of(download)) as wheel:
            wheel.extractall(files)
    else:
        run(["apt-get", "download", package], download)
        run(["dpkg-deb", "--extract", str(_only_file_of(download)), str(files)], download)
    shutil.rmtree(download)
    return files


def run(command: list[str], folder: Path) -> None:
    """Run a package manager's client in a folder.

    Raises:
        InputError: it is not installed, or failed; with its own last line.
    """
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise InputError(
            f"{command[0]}: not found; the photographs are in Debian's packages, so gather them on "
            "Debian or Ubuntu, or train on a folder of your own"
        ) from error
    if done.returncode:
        said = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
        raise InputError(f"{' '.join(command)}: failed ({said}); try `apt-get update` first")


def _only_file_of(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file

"""Pretrained weights by name: shipped with the package, kept in the cache, or downloaded."""

import contextlib
import functools
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dvs_jax import storage
from dvs_jax.cache_folder import cache_folder
from dvs_jax.errors import InputError
from dvs_jax.whole_file import temporary

if TYPE_CHECKING:
    import pooch

SHIPPED_FOLDER = Path(__file__).parent / "weights"

# No archive, no such member, or a member that is cut short, damaged or fails its checksum.
_NOT_THE_FILE = (zipfile.BadZipFile, KeyError, EOFError, RuntimeError, zlib.error, ValueError)

_RAFT_ARCHIVE = "https://dl.dropboxusercontent.com/s/4j4z58wuv8o0mfz/models.zip"


@dataclass(frozen=True)
class Weights:
    """Published weights.

    Attributes:
        file_name: the name under which the file is kept in the cache folder.
        kind: the network they belong to: "raft-large" or "raft-small" (PyTorch files); "pose" or
            "selfie" (TensorFlow Lite's).
        sha256: of the file itself, not of the archive.
        url: the official address of the file, or of a zip archive that holds it.
        member: the file's name in that archive; None if it lies at the address itself.
        other_sha256: of the other archives in which the same networks were published.
    """

    file_name: str
    kind: str
    sha256: str
    url: str
    member: str | None = None
    other_sha256: tuple[str, ...] = ()

    def require(self, path: Path) -> None:
        """Raise ValueError for another file."""
        import pooch

        if pooch.file_hash(str(path)) not in (self.sha256, *self.other_sha256):
            raise ValueError(f"{path} is another file")


def _raft(variant: str, kind: str, sha256: str) -> Weights:
    file_name = f"raft-{variant}.pth"
    return Weights(file_name, kind, sha256, _RAFT_ARCHIVE, f"models/{file_name}")


# RAFT: the files of princeton-vl/RAFT (its download_models.sh), named after their training data.
REGISTRY = {
    "raft-chairs": _raft(
        "chairs", "raft-large", "c6c75465cf995d137f89ca2e2d08594ed390befbb8859f7f65c48bcc8feb0fd7"
    ),
    "raft-things": _raft(
        "things", "raft-large", "fcfa4125d6418f4de95d84aec20a3c5f4e205101715a79f193243c186ac9a7e1"
    ),
    "raft-sintel": _raft(
        "sintel", "raft-large", "90630d2e7d488a0d3ccb5e8194524850c4c05c732ea4ff99799822c7fa5c5cbf"
    ),
    "raft-kitti": _raft(
        "kitti", "raft-large", "b9d170362415e1a27bd8402ee966a3ddf0d60df9b2df2c0b4949f5ced490a9e6"
    ),
    "raft-small": _raft(
        "small", "raft-small", "c7d41b9cc88442bb8aa911dbb33086dac55a226394b142937ff22d5578717332"
    ),
}


_GOOGLE = "https://storage.googleapis.com"


def _pose(variant: str, sha256: str, *others: str) -> Weights:
    file_name = f"pose_landmarker_{variant}.task"
    folder = f"{_GOOGLE}/mediapipe-models/pose_landmarker/pose_landmarker_{variant}/float16/1"
    return Weights(file_name, "pose", sha256, f"{folder}/{file_name}", other_sha256=others)


def _selfie(file_name: str, generation: int, sha256: str) -> Weights:
    url = f"{_GOOGLE}/mediapipe-assets/{file_name}?generation={generation}"
    return Weights(file_name, "selfie", sha256, url)


# MediaPipe: its BlazePose bundles, of which the full one was packed three times, and its models
# for selfies, as its build file names them (third_party/external_files.bzl).
REGISTRY |= {
    "pose-lite": _pose("lite", "59929e1d1ee95287735ddd833b19cf4ac46d29bc7afddbbf6753c459690d574a"),
    "pose-full": _pose(
        "full",
        "d89791bdb5d94ec09c82ef2da7490eacc1279b5c332d5894f81beefe843a0168",
        "5134a3aad27a58b93da0088d431f366da362b44e3ccfbe3462b3827a839011b1",
        "4eaa5eb7a98365221087693fcc286334cf0858e2eb6e15b506aa4a7ecdcec4ad",
    ),
    "pose-heavy": _pose(
        "heavy", "64437af838a65d18e5ba7a0d39b465540069bc8aae8308de3e318aad31fcbc7b"
    ),
    "selfie-general": _selfie(
        "selfie_segmentation.tflite",
        1683332563830600,
        "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
    ),
    "selfie-landscape": _selfie(
        "selfie_segmentation_landscape.tflite",
        1683332561312022,
        "a77d03f4659b9f6b6c1f5106947bf40e99d7655094b6527f214ea7d451106edd",
    ),
}


def locate(name: str) -> Path:
    """Finds weights by name or address, downloading them if necessary.

    Looked for in this order: among the checkpoints shipped with the package; in the cache folder
    ($DVS_JAX_CACHE, else the platform's), where a file counts only if its checksum is right; at
    the official address, from which the file is put into the cache folder.

    Args:
        name: a shipped checkpoint, a name in REGISTRY, or an address in an object store.

    Returns:
        The path of a shipped checkpoint's folder (Orbax), of the published file, or of the copy.

    Raises:
        InputError: the name is unknown; or the weights must be downloaded and cannot be
            downloaded or stored, or the server's file is not the published one.
    """
    if storage.address_of(name) is not None:
        return storage.local(name)
    shipped = {folder.name: folder for folder in SHIPPED_FOLDER.glob("*/")}
    if name in shipped:
        return shipped[name]
    if name in REGISTRY:
        return _fetch(name, REGISTRY[name])
    known = ", ".join(sorted({*shipped, *REGISTRY}))
    raise InputError(f"no weights are named {name!r}; the known names are {known}")


def locate_in(folder: Path | None, name: str) -> Path:
    """Finds a published file in a user's folder, of whatever version it is.

    Args:
        folder: in which it has its published name; None to `locate` it instead.
        name: in REGISTRY.

    Raises:
        InputError: it is not there, or see `locate`.
    """
    if folder is None:
        return locate(name)
    weights = REGISTRY[name]
    path = folder / weights.file_name
    if not path.is_file():
        raise InputError(f"{path}: no such file; fetch {weights.url} and put it there")
    return path


def _fetch(name: str, weights: Weights) -> Path:
    cache = cache_folder()
    path = cache / weights.file_name
    try:
        if not _is_there(weights, path):
            _download(weights, cache)
    except (OSError, *_NOT_THE_FILE) as error:
        stale = "; what lies there has another checksum" if path.exists() else ""
        what = f"its {weights.member}" if weights.member else "it"
        raise InputError(
            f"the weights {name!r} are not at hand, and {_reason(error)}; "
            f"fetch {weights.url} and put {what} at {path}{stale}"
        ) from error
    return path


def _is_there(weights: Weights, path: Path) -> bool:
    try:
        weights.require(path)
    except (FileNotFoundError, ValueError):
        return False
    return True


def _download(weights: Weights, cache: Path) -> None:
    how: dict[str, Any] = {}
    if weights.member is not None:
        how["downloader"] = functools.partial(_download_member, member=weights.member)
    with downloaded(weights.url, cache, None, weights.file_name, **how) as file:
        weights.require(file)
        file.replace(cache / weights.file_name)


@contextlib.contextmanager
def downloaded(
    url: str, cache: Path, checksum: str | None, name: str, **how: Any
) -> Iterator[Path]:
    """Yield a download in a temporary folder on the cache's drive, which is removed at the end.

    Args:
        url: what to fetch.
        cache: made, with its parents, if it is missing.
        checksum: as pooch takes it; None for none.
        name: of the file that is yielded.
        how: further arguments of `pooch.retrieve`, which raises on whatever goes wrong.
    """
    import pooch

    cache.mkdir(parents=True, exist_ok=True)
    temporary.remove_abandoned(cache)
    with temporary.unfinished(cache) as unfinished:
        yield Path(pooch.retrieve(url, checksum, fname=name, path=unfinished, **how))


def _download_member(url: str, output: Any, _: "pooch.Pooch | None", *, member: str) -> None:
    """A pooch downloader that takes one file out of a zip archive.

    pooch then checks that file's checksum instead of the archive's, and names it.
    """
    import pooch

    with tempfile.TemporaryFile(dir=Path(output).parent) as archive:
        pooch.HTTPDownloader()(url, archive, None)
        with (
            zipfile.ZipFile(archive) as opened,
            opened.open(member) as source,
            Path(output).open("wb") as file,
        ):
            shutil.copyfileobj(source, file)


def _reason(error: Exception) -> str:
    if isinstance(error, _NOT_THE_FILE):
        return "what the server sent is not the published file"
    response = getattr(error, "response", None)
    if response is not None:
        return f"the server answered {response.status_code}"
    if isinstance(error, OSError) and error.strerror:
        return f"the cache folder cannot be written ({error.strerror})"
    return "there is no connection to the server"

"""The salient points of a video as a file: all that prediction needs, 10 kB a second."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from dvs_jax import torch_file
from dvs_jax.errors import InputError, reading
from dvs_jax.viewport import saliency_points, tracks
from dvs_jax.whole_file import replacing

SUFFIX = "_salxyz.npz"
"""Behind the video's name."""

COUNT = 128
"""Points of each instant."""

_MAPS = (".npy", ".npz", ".pt")


class Stored(NamedTuple):
    """A video's salient points.

    Attributes:
        points: float32 [step, 128, 4], (x, y, z, value) at each fifth of a second, the highest
            first, in the picture's frame (see `sphere`).
        source: what told them, such as "motion".
        video_sha256: of the video's file; "" where there is none.
    """

    points: Float[np.ndarray, "step point 4"]
    source: str
    video_sha256: str


def write(file: Path, stored: Stored) -> None:
    """Write it.

    Raises:
        InputError: it cannot be written.
    """
    with replacing(file) as part, part.open("wb") as opened:
        np.savez(opened, rate=np.float64(tracks.RATE), **stored._asdict())


def read(file: Path) -> Stored:
    """Read what `write` wrote.

    Raises:
        InputError: it cannot be read, or is another file.
    """
    with reading(file, "holds no salient points", "compute them by dvs-jax viewport saliency"):
        with np.load(file) as content:
            stored = Stored(
                np.asarray(content["points"], np.float32),
                str(content["source"]),
                str(content["video_sha256"]),
            )
        if stored.points.ndim != 3 or stored.points.shape[-1] != 4 or not len(stored.points):
            raise ValueError(f"an array of {stored.points.shape}")
    _require_finite(file, stored.points)
    return stored


def points_of(file: Path, rate: float = tracks.RATE) -> Float[np.ndarray, "step point 4"]:
    """Return the points of a file that `write` wrote, or of one of maps.

    Args:
        file: `…_salxyz.npz`; or a .npy, .npz or .pt with one array [step, height, width] of
            equirectangular maps.
        rate: of such maps, a second.

    Raises:
        InputError: it cannot be read, or holds something else.
    """
    if file.name.endswith(SUFFIX):
        return read(file).points
    maps = _maps(file)
    if not rate > 0.0:
        raise InputError(f"{file}: {rate:g} maps a second are impossible")
    # The map that is nearest in time.
    instants = np.arange(int((len(maps) - 1) / rate * tracks.RATE + 1e-6) + 1)
    chosen = np.minimum(np.rint(instants * rate / tracks.RATE).astype(int), len(maps) - 1)
    return saliency_points.of_maps(maps[chosen], COUNT)


def sha256(file: Path) -> str:
    """Return a file's checksum, in hexadecimal digits.

    Raises:
        InputError: it cannot be read.
    """
    with reading(file, "cannot be read"), file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _maps(file: Path) -> Float[np.ndarray, "step height width"]:
    if file.suffix not in _MAPS:
        raise InputError(f"{file}: saliency is read from {', '.join((SUFFIX, *_MAPS))}")
    with reading(file, "holds no maps of saliency", "give one array [time, height, width]"):
        content = torch_file.read(file) if file.suffix == ".pt" else np.load(file)
        if isinstance(content, np.lib.npyio.NpzFile):
            maps = next(content[name] for name in content.files if content[name].ndim == 3)
        else:
            maps = np.asarray(content)
        maps = np.asarray(maps, np.float32)
        if maps.ndim != 3 or not len(maps):
            raise ValueError(f"an array of {maps.shape}")
    if maps.shape[1] * maps.shape[2] * saliency_points.SHARE < COUNT:
        raise InputError(f"{file}: maps of {maps.shape[1:]} pixels are too small; give 32 × 64")
    _require_finite(file, maps)
    return maps


def _require_finite(file: Path, values: np.ndarray) -> None:
    if not np.isfinite(values).all():
        place = int(np.argmax(~np.isfinite(values).reshape(len(values), -1).all(axis=1)))
        raise InputError(f"{file}: entry {place} holds a value that is no number; compute it again")

"""A TFDS builder of the released DVS dataset, or of your own clips in its layout.

    dataset_release/training/<clip>/    a video, its gyro, OIS and frame logs, maybe flow folders
    dataset_release/test/<clip>/        likewise; either split may be missing

docs/formats.md describes a clip's folder.
"""

import logging
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import tensorflow_datasets as tfds
from jaxtyping import Float16

from data.record_builder import RecordBuilder
from dvs_jax import clip as clips
from dvs_jax.clip import Clip
from dvs_jax.errors import InputError
from dvs_jax.fused import record
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.features import normalize_flow, straightened
from dvs_jax.fused.prediction import flow_pairs
from dvs_jax.fused.record import Record

URL = "https://storage.googleapis.com/dataset_release/all.zip"
ARCHIVE = "all.zip"
UNPACKED = "dataset_release"
SPLITS = ("training", "test")

_log = logging.getLogger("dvs_jax")


class DvsClips(RecordBuilder):
    """Phone videos with gyro and OIS logs (Shi et al., Deep Online Fused Video Stabilization)."""

    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        f"Put {ARCHIVE} ({URL}, 10 GB), what it unpacks to, or clips of your own in its layout "
        "here; without, it is downloaded."
    )

    def __init__(self, *, source: Path | None = None, **options: object) -> None:
        """Choose where the clips come from.

        Args:
            source: the archive, or a folder that contains it, its unpacked content, or your own
                clips in its layout. If None, TFDS's manual folder if it is not empty, else the
                official address.
            **options: TFDS's options, such as `config` and `data_dir`.
        """
        self._source = source
        super().__init__(**options)

    def records(self, downloads: tfds.download.DownloadManager) -> Mapping[str, Iterator[Record]]:
        """Return the stream of each split that exists."""
        source = self._source or _manual_folder(downloads) or _download(downloads)
        root = _unpacked(source, downloads)
        return {
            split: self._records_of(root / split) for split in SPLITS if (root / split).is_dir()
        }

    def _records_of(self, folder: Path) -> Iterator[Record]:
        """Yield the pieces of all clips; unusable clips are skipped with a warning."""
        for each in sorted(path for path in folder.iterdir() if path.is_dir()):
            try:
                yield from _pieces(clips.load_clip(each), each.name, self.builder_config.flow_size)
            except InputError as error:
                _log.warning("%s: left out, for it cannot be used: %s", each, error)


def _manual_folder(downloads: tfds.download.DownloadManager) -> Path | None:
    try:
        return Path(downloads.manual_dir)
    except AssertionError:
        return None


def _download(downloads: tfds.download.DownloadManager) -> Path:
    try:
        return Path(downloads.download(URL))
    # From requests, TFDS or the disk: the advice is the same for all.
    except Exception as error:
        raise InputError(
            f"{URL}: cannot be downloaded ({error}); fetch it some other way and name it as source"
        ) from error


def _unpacked(source: Path, downloads: tfds.download.DownloadManager) -> Path:
    """Return the folder of the splits."""
    if not source.exists():
        raise InputError(f"{source}: no such file or folder")
    if source.is_file():
        return _splits_in(_extracted(source, downloads), source)
    archive = source / ARCHIVE
    if archive.is_file() and not any(_has_splits(each) for each in (source, source / UNPACKED)):
        return _splits_in(_extracted(archive, downloads), archive)
    return _splits_in(source, source)


def _extracted(archive: Path, downloads: tfds.download.DownloadManager) -> Path:
    """Unpack once, completely or not at all; TFDS's own extractor would need TensorFlow."""
    state = archive.stat()
    unpacked = Path(downloads.download_dir) / f"{archive.stem}-{state.st_size}-{state.st_mtime_ns}"
    if unpacked.is_dir():
        return unpacked
    try:
        unpacked.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=unpacked.parent) as part, zipfile.ZipFile(archive) as opened:
            content = Path(part) / "content"
            opened.extractall(content)
            content.rename(unpacked)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise InputError(f"{archive}: is damaged ({error}); fetch it again from {URL}") from error
    except OSError as error:
        raise InputError(f"{archive}: cannot be unpacked in {unpacked.parent} ({error})") from error
    return unpacked


def _splits_in(folder: Path, source: Path) -> Path:
    for each in (folder, folder / UNPACKED):
        if _has_splits(each):
            return each
    raise InputError(
        f"{source}: holds no folder {SPLITS[0]} nor {SPLITS[1]}; put the clips' folders into these"
    )


def _has_splits(folder: Path) -> bool:
    return any((folder / split).is_dir() for split in SPLITS)


def _pieces(clip: Clip, name: str, flow_size: tuple[int, int] | None) -> Iterator[Record]:
    whole = record.record_of_path(
        name,
        clip.sensors.gyro,
        clips.center_time_ns(clip),
        clip.sensors.camera,
        clip.size,
        record.no_flow(clip.frame_count - 1),
        lens_shift=clips.lens_shift(clip),
    )
    return record.pieces(whole, None if flow_size is None else _flow(clip, flow_size))


def _flow(clip: Clip, size: tuple[int, int]) -> Iterator[Float16[np.ndarray, "height width 4"]]:
    """Yield each pair's flow, normalised for the encoder, from flow files or from the video."""
    wanted = Architecture(flow_size=size)
    camera = clip.sensors.camera
    for pair in flow_pairs(clip, "auto"):
        normal = normalize_flow(*pair, wanted)
        if camera.lens is not None:
            normal = straightened(normal, camera, clip.size)
        yield normal.astype(np.float16)

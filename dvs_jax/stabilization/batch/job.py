"""The clips that paths and patterns name, and a folder for the results of each."""

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dvs_jax import storage
from dvs_jax.clip import find_videos, is_result
from dvs_jax.errors import InputError
from dvs_jax.sensors.folder import is_video


@dataclass(frozen=True)
class Job:
    """One clip to stabilise.

    Attributes:
        clip: as `load_clip` takes it.
        folder: where its results go.
    """

    clip: Path
    folder: Path


def jobs_of(clips: Sequence[str], out: Path) -> list[Job]:
    """Return a job for each clip.

    Args:
        clips: paths of clips, and patterns such as "trip/*/video.mp4" or "trip/**/*.mp4" that no
            shell has expanded. A pattern stands for the videos and folders that match it, except
            for an earlier run's results; a folder of several videos stands for each of them.
        out: folder for all results. Those of a single path go there; of several clips each has a
            folder of its own in it, named by the clip's path below the folder that all share.
            Paths inside `out` are left out, unless all clips lie there. Clips and `out` may have
            addresses in object stores.

    Raises:
        InputError: a pattern matches nothing.
    """
    named = [path for each in clips for path in _matches(each)]
    paths = list(dict.fromkeys(video for path in named for video in _videos_of(path)))
    # "*" matches the results of an earlier run too. Where all clips lie in `out`, they are kept.
    paths = [path for path in paths if not _lies_in(path, out)] or paths
    if len(clips) == 1 and Path(clips[0]) in paths:
        return [Job(paths[0], out)]
    # A link keeps the name it has here, which `resolve` would lose.
    absolute = [Path(os.path.abspath(path)) for path in paths]  # noqa: PTH100
    shared = os.path.commonpath([path.parent for path in absolute])
    names = _unlike([path.relative_to(shared) for path in absolute])
    return [Job(path, out / name) for path, name in zip(paths, names, strict=True)]


def _matches(clip: str) -> list[Path]:
    if storage.address_of(clip) is not None:
        return _stored_matches(clip)
    # A clip's own name may contain a star or brackets.
    if not set(clip) & set("*?[") or Path(clip).exists():
        return [Path(clip)]
    names = glob.glob(clip, recursive=True)  # noqa: PTH207 (it takes no absolute pattern)
    return _required([path for path in map(Path, sorted(names)) if _may_be_clip(path)], clip)


def _stored_matches(clip: str) -> list[Path]:
    """Return what an address, or a pattern of addresses, stands for, folders of videos opened."""
    if not set(clip) & set("*?["):
        names = [] if is_video(Path(clip)) else sorted(storage.listing(clip, depth=1))
        inside = _originals([Path(clip, name) for name in names])
        return inside if len(inside) > 1 else [Path(clip)]
    found = storage.matching(clip)
    folders = [Path(each) for each in found if found[each]]
    return _required(sorted(folders + _originals([Path(each) for each in found])), clip)


def _originals(paths: list[Path]) -> list[Path]:
    """Return the videos that were not made from another of them."""
    return [path for path in paths if is_video(path) and not is_result(path, paths)]


def _required(found: list[Path], pattern: str) -> list[Path]:
    if not found:
        raise InputError(f"{pattern}: no video and no folder matches this pattern")
    return found


def _videos_of(path: Path) -> list[Path]:
    """Return each video of a folder that has several, and any other path itself."""
    try:
        found = find_videos(path) if path.is_dir() else []
    except (InputError, OSError, ValueError):  # it is told when the clip's turn comes
        return [path]
    return found if len(found) > 1 else [path]


def _lies_in(path: Path, folder: Path) -> bool:
    return path.absolute().is_relative_to(folder.absolute())


def _may_be_clip(path: Path) -> bool:
    return path.is_dir() or (is_video(path) and not is_result(path))


def _unlike(paths: Sequence[Path]) -> list[Path]:
    """Return the paths without the suffixes of videos, except where two would become equal."""
    bare = [path.with_suffix("") if is_video(path) else path for path in paths]
    return [
        path if bare.count(short) > 1 else short for path, short in zip(paths, bare, strict=True)
    ]

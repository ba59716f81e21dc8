"""Saliency of one video after the other: what is done is skipped, what is corrupt passed over."""

import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from dvs_jax import video
from dvs_jax.errors import InputError
from dvs_jax.progress import Track, silently
from dvs_jax.viewport import saliency_points, tracks
from dvs_jax.viewport.saliency import stored
from dvs_jax.viewport.saliency.instants import Frame
from dvs_jax.viewport.saliency.stored import COUNT, SUFFIX, Stored
from dvs_jax.whole_file import make_folder, replacing, scratch

VIDEOS = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v")

_CRF, _PRESET = 20, "veryfast"

Maps = Callable[
    [Iterable[Frame], Float[np.ndarray, "frame"]], Iterator[Float[np.ndarray, "height width"]]
]
"""Tells, of a video's frames and their times, a map for each fifth of a second (see `motion`)."""


@dataclass(frozen=True)
class Work:
    """What is to be made of each video.

    Attributes:
        maps: what tells the saliency.
        source: its name, such as "motion".
        out: folder for the files; None for the videos' own.
        keep_maps: whether <video>_saliency.npz is written too: saliency, float16 [step, height,
            width], and time_s, of each step.
        draw: whether <video>_saliency.mp4 is written too, the video with the maps over it.
    """

    maps: Maps
    source: str
    out: Path | None = None
    keep_maps: bool = False
    draw: bool = False

    def file(self, of: Path, suffix: str = SUFFIX) -> Path:
        """Return the file that is made of a video."""
        return (self.out or of.parent) / f"{of.stem}{suffix}"


class Outcome(NamedTuple):
    """What became of a video.

    Attributes:
        video: its file.
        state: "done", "skipped" because it was done before, or "passed over".
        file: its salient points; None where it was passed over.
        reason: why it was passed over.
    """

    video: Path
    state: str
    file: Path | None = None
    reason: str = ""


def find(path: Path) -> list[Path]:
    """Return a video, or those in a folder; none that `run` draws.

    Raises:
        InputError: there is no such path, or no video in the folder.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise InputError(f"{path}: there is no such file or folder")
    videos = [
        each
        for each in sorted(path.iterdir())
        if each.suffix.lower() in VIDEOS and not each.stem.endswith("_saliency")
    ]
    if not videos:
        raise InputError(f"{path}: holds no video; there are none that end in {', '.join(VIDEOS)}")
    return videos


def run(videos: Iterable[Path], work: Work, track: Track = silently) -> Iterator[Outcome]:
    """Tell the saliency of videos one by one.

    A video whose points lie there already, from this source and this very file, is skipped; of one
    that cannot be read it is told why, and the next one follows.

    Args:
        videos: equirectangular ones.
        work: what is to be made.
        track: shows the progress.

    Raises:
        InputError: a result cannot be written.
    """
    if work.out is not None:
        make_folder(work.out)
    for each in videos:
        try:
            checksum = stored.sha256(each)
            info = described(each)
        except InputError as error:
            yield Outcome(each, "passed over", reason=str(error))
            continue
        if _is_done(work, each, checksum):
            yield Outcome(each, "skipped", work.file(each))
            continue
        try:
            _make(info, work, checksum, track)
        except _UnreadableError as error:
            yield Outcome(each, "passed over", reason=str(error))
        else:
            yield Outcome(each, "done", work.file(each))


def described(file: Path) -> video.VideoInfo:
    """Return the description of a whole equirectangular video.

    Raises:
        InputError: it cannot be read, is cut off, or its pictures are not twice as wide as high.
    """
    info = video.probe(file)
    if info.missing:
        raise InputError(
            f"{file}: is cut off or damaged: {info.missing} of its "
            f"{info.frame_count + info.missing} frames are missing; fetch it again"
        )
    if abs(info.width / info.height - 2.0) > 0.05:
        raise InputError(
            f"{info.path}: {info.width} × {info.height} pixels are no equirectangular picture, "
            "which is twice as wide as high; convert the video first"
        )
    return info


class _UnreadableError(Exception):
    """A video is damaged, which is told of it alone."""


def _is_done(work: Work, of: Path, checksum: str) -> bool:
    wanted = [work.file(of)]
    wanted += [work.file(of, "_saliency.npz")] if work.keep_maps else []
    wanted += [work.file(of, "_saliency.mp4")] if work.draw else []
    if not all(file.is_file() for file in wanted):
        return False
    try:
        found = stored.read(work.file(of))
    except InputError:
        return False
    return found.video_sha256 == checksum and found.source == work.source


class _Kept(NamedTuple):
    """Maps in a file, float16 one after the other: those of a long video do not fit into memory.

    They are read, for the pages of a mapped file count as the process's memory.
    """

    file: Path
    shape: tuple[int, int, int]

    def read(self, begin: int, count: int) -> Float[np.ndarray, "step height width"]:
        """Return some of the maps, fewer at the end."""
        _, *shape = self.shape
        size = int(np.prod(shape))
        found = np.fromfile(self.file, np.float16, count * size, offset=2 * begin * size)
        return found.reshape(-1, *shape)


def _make(info: video.VideoInfo, work: Work, checksum: str, track: Track) -> None:
    """Write a video's files; its points last, which say that it is done."""
    with scratch() as folder:
        points, maps = _tell(info, work, folder / "maps", track)
        if work.keep_maps:
            _write_maps(work.file(info.path, "_saliency.npz"), maps)
        if work.draw:
            _draw(work.file(info.path, "_saliency.mp4"), info, maps, track)
    stored.write(work.file(info.path), Stored(points, work.source, checksum))


def _tell(
    info: video.VideoInfo, work: Work, kept: Path, track: Track
) -> tuple[Float[np.ndarray, "step point 4"], _Kept]:
    """Return the points, and the maps, which are left in a file."""
    frames = track(_readable(info.path), info.frame_count, info.path.name)
    found, shape = [], (0, 0)
    with kept.open("wb") as file:
        for each in work.maps(frames, info.time_ns * 1e-9):
            found.append(saliency_points.of_maps(each[None], COUNT)[0])
            shape = each.shape
            file.write(each.astype(np.float16).tobytes())
    return np.stack(found), _Kept(kept, (len(found), *shape))


def _readable(path: Path) -> Iterator[Frame]:
    try:
        yield from video.read_frames(path)
    except InputError as error:
        raise _UnreadableError(str(error)) from error


def _write_maps(file: Path, maps: _Kept) -> None:
    """Write the maps chunk by chunk."""
    time_s = np.arange(maps.shape[0]) / tracks.RATE
    header = {"descr": "<f2", "fortran_order": False, "shape": maps.shape}
    with replacing(file) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("saliency.npy", "w", force_zip64=True) as member:
            np.lib.format.write_array_header_1_0(member, header)
            for begin in range(0, maps.shape[0], 64):
                member.write(maps.read(begin, 64).astype("<f2").tobytes())
        with archive.open("time_s.npy", "w") as member:
            np.lib.format.write_array(member, time_s)


def _draw(
    file: Path,
    info: video.VideoInfo,
    maps: _Kept,
    track: Track,
) -> None:
    since_s = (info.time_ns - info.time_ns[0]) * 1e-9
    step = np.minimum(np.rint(since_s * tracks.RATE).astype(int), maps.shape[0] - 1)
    frames = track(video.read_frames(info.path), info.frame_count, file.name)
    with video.VideoWriter(file, info, info.width, info.height, _CRF, _PRESET) as writer:
        for number, frame in enumerate(frames):
            (saliency,) = maps.read(int(step[number]), 1).astype(np.float32)
            writer.write(tinted(frame, saliency), int(info.time_ns[number]))


def tinted(
    frame: UInt8[np.ndarray, "height width 3"], saliency: Float[np.ndarray, "rows columns"]
) -> UInt8[np.ndarray, "height width 3"]:
    """Return a frame with what is salient glowing; the map is from 0 to 1, of any size."""
    height, width = frame.shape[:2]
    large = cv2.resize(saliency, (width, height), interpolation=cv2.INTER_LINEAR)
    levels = np.clip(255.0 * large, 0.0, 255.0).astype(np.uint8)
    colour = cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)[..., ::-1]
    share = 0.7 * np.clip(large, 0.0, 1.0)[..., None]
    return np.rint((1.0 - share) * frame + share * colour).astype(np.uint8)

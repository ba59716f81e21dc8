"""A clip: a video and everything that was recorded with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from jaxtyping import Int, UInt8

from dvs_jax import sensors, video
from dvs_jax.camera_path import CameraPath, pose_at
from dvs_jax.errors import InputError
from dvs_jax.flow import FlowFolder, flow_folder
from dvs_jax.sensors import SensorLog
from dvs_jax.video import VideoInfo

VIDEO_SUFFIXES = (".mp4", ".mov", ".mkv", ".m4v", ".avi", ".webm")

OTHER_VIDEOS = ("no_ois", "no_shutter", "gimbal", "grid", "flo", "_stab")
"""Parts of names of videos that lie in a clip's folder but are not the input (specs §2)."""


@dataclass(frozen=True)
class Clip:
    """A video with its sensors.

    Attributes:
        name: what its output files are called.
        video: the video, or folder of images, as it is stored.
        sensors: its logs; they have as many frames as are used of the video.
        flow: flow files beside the video, or None.
    """

    name: str
    video: VideoInfo
    sensors: SensorLog
    flow: FlowFolder | None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of a frame in pixels."""
        return self.video.width, self.video.height

    @property
    def frame_count(self) -> int:
        """How many frames there are with their times: the shorter of video and frame log."""
        return len(self.sensors.frames)


def load_clip(path: str | Path) -> Clip:
    """Load a video with the sensor logs that lie beside it.

    Args:
        path: a clip's folder, a video file in it, or a folder of images whose parent has the logs.

    Raises:
        InputError: no video, several videos, or sensors that cannot be used (see `sensors.load`).
    """
    source = _find_video(Path(path))
    info = video.probe(source)
    log = sensors.load(source, info.time_ns)
    if len(log.frames) < 2:
        raise InputError(f"{source}: one frame is no video; there is nothing to stabilise")
    name = source.parent.absolute().name if source.is_dir() else source.stem
    return Clip(name, info, log, flow_folder.find(source.parent))


def read_frames(clip: Clip) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    """Return the frames that are used, RGB, as stored."""
    return islice(video.read_frames(clip.video.path), clip.frame_count)


def center_time_ns(clip: Clip) -> Int[np.ndarray, "frame"]:
    """Return when each frame's middle row was exposed, int64 nanoseconds on the video's clock."""
    return sensors.center_time_ns(clip.sensors.frames)


def real_path(clip: Clip) -> CameraPath:
    """Return the camera's own pose at the middle of each frame."""
    time_ns = center_time_ns(clip)
    return CameraPath(time_ns, pose_at(clip.sensors.gyro, time_ns, "hold"))


def _find_video(path: Path) -> Path:
    if path.is_file() or (path.is_dir() and _holds_images(path)):
        return path
    if not path.is_dir():
        raise InputError(f"{path}: no such video or folder")
    files = sorted(each for each in path.iterdir() if _is_input(each))
    videos = [each for each in files if each.suffix.lower() in VIDEO_SUFFIXES]
    found = videos or [each for each in files if each.is_dir() and _holds_images(each)]
    if not found:
        raise InputError(f"{path}: holds no video ({', '.join(VIDEO_SUFFIXES)}) nor a frame folder")
    if len(found) > 1:
        names = ", ".join(each.name for each in found)
        raise InputError(f"{path}: holds several videos ({names}); name the one you mean")
    return found[0]


def _is_input(path: Path) -> bool:
    hidden = path.name.startswith(".")
    return not hidden and not any(part in path.name for part in OTHER_VIDEOS)


def _holds_images(folder: Path) -> bool:
    return any(each.suffix.lower() in video.IMAGE_SUFFIXES for each in folder.iterdir())

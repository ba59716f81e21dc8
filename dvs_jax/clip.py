"""A clip: a video and everything that was recorded with it."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
from jaxtyping import Float, Int, UInt8

from dvs_jax import sensors, video
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath, pose_at
from dvs_jax.errors import InputError
from dvs_jax.flow import FlowFolder, flow_folder
from dvs_jax.sensors import SensorLog
from dvs_jax.sensors.folder import VIDEO_SUFFIXES, find_logs
from dvs_jax.video import VideoInfo

OTHER_VIDEOS = ("no_ois", "no_shutter", "gimbal", "grid", "flo")
"""Parts of names of videos that lie in a clip's folder but are not the input (specs §2)."""

RESULTS = ("_stab_crop", "_stab")
"""Ends of names of videos that were made from the input, cropped and uncropped (specs §9)."""

FLOW_FOLDERS = ("flo", "flo_back")
"""Folders of pictures that are no frames: flow may be stored as .png."""

SAME_SHAPE = 0.01
"""How far width / height may differ between a video and the calibration of its camera."""

_log = logging.getLogger("dvs_jax")


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
        path: a video file; a folder of images, whose parent has the logs; or a clip's folder, which
            holds one or the other. There, what an earlier run wrote and what the released data
            holds besides the input are passed over.

    Returns:
        The clip. The frames of a folder of images have the times of its frame log; without one they
        are taken to be 1/30 s apart, and a warning says so.

    Raises:
        InputError: no video, several videos, a video that cannot be read, or sensors that cannot be
            used (see `sensors.load`).
    """
    source = find_video(Path(path))
    info = video.probe(source)
    log = sensors.load(source, info.time_ns)
    if len(log.frames) < 2:
        raise InputError(f"{source}: one frame is no video; there is nothing to stabilise")
    _warn_of_another_shape(info, log.camera)
    if not source.is_dir():
        return Clip(source.stem, info, log, flow_folder.find(source.parent))
    # A folder at the root of the file system has a parent without a name.
    name = source.absolute().parent.name or source.name
    return Clip(name, _timed_by(log, info), log, flow_folder.find(source.parent))


def _warn_of_another_shape(info: VideoInfo, camera: Camera) -> None:
    if camera.calibrated_size is None:
        return
    width, height = camera.calibrated_size
    if abs(width * info.height / (height * info.width) - 1) > SAME_SHAPE:
        _log.warning(
            "%s: the camera was calibrated at %g × %g, the video has %d × %d: another shape shows "
            "another part of the sensor; give the [intrinsics] of the video's own mode",
            *(info.path, width, height, info.width, info.height),
        )


def _timed_by(log: SensorLog, images: VideoInfo) -> VideoInfo:
    """Return the description of a folder of images with the times that its frame log tells."""
    if find_logs(images.path).frame is None:
        _log.warning(
            "%s: no frame log tells when the images were taken; %s frames/s are assumed",
            images.path,
            images.frame_rate,
        )
    time_ns = log.frames.time_ns - log.frames.time_ns[0]
    mean_rate = Fraction((len(time_ns) - 1) * video.NANOSECONDS, int(time_ns[-1]))
    # 1001 is the largest denominator among the usual rates: 30000/1001.
    rate = mean_rate.limit_denominator(1001)
    return replace(images, time_ns=time_ns, frame_rate=rate)


def read_frames(clip: Clip) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    """Return the frames that are used, RGB, as stored."""
    return islice(video.read_frames(clip.video.path), clip.frame_count)


def read_pictures(clip: Clip) -> Iterator[av.VideoFrame]:
    """Return the frames that are used, as planes (see `video.read_pictures`)."""
    return islice(video.read_pictures(clip.video.path), clip.frame_count)


def center_time_ns(clip: Clip) -> Int[np.ndarray, "frame"]:
    """Return when each frame's middle row was exposed, int64 nanoseconds on the video's clock."""
    return sensors.center_time_ns(clip.sensors.frames)


def real_path(clip: Clip) -> CameraPath:
    """Return the camera's own pose at the middle of each frame."""
    time_ns = center_time_ns(clip)
    return CameraPath(time_ns, pose_at(clip.sensors.gyro, time_ns, "hold"))


def lens_shift(clip: Clip) -> Float[np.ndarray, "frame 2"]:
    """Return where the OIS held the lens at the middle of each frame, by its log.

    float64, (x, y) in fractions of the frame's width and height; zero where there is no log.
    """
    frames = clip.sensors.frames
    return sensors.ois_at(clip.sensors.ois, frames.ois_time_ns + frames.readout_ns // 2)


def find_video(path: Path) -> Path:
    """Return the video, or folder of images, that a path means (see `load_clip`).

    Raises:
        InputError: there is none, or several.
    """
    try:
        found = [path] if path.is_file() else next(filter(None, _candidates(path)), [])
    except FileNotFoundError:
        raise InputError(f"{path}: no such video or folder") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if not found:
        raise InputError(f"{path}: holds no video ({', '.join(VIDEO_SUFFIXES)}) nor a frame folder")
    if len(found) > 1:
        names = ", ".join(each.name for each in found)
        raise InputError(f"{path}: holds several videos ({names}); name the one you mean")
    return found[0]


def _candidates(folder: Path) -> Iterator[list[Path]]:
    """Yield what a folder holds that may be its video, the likeliest kind first."""
    # "." has neither a name nor a parent, and both are needed.
    folder = folder if folder.name not in ("", "..") else folder.resolve()
    entries = sorted(each for each in folder.iterdir() if not each.name.startswith("."))
    videos = [each for each in entries if each.suffix.lower() in VIDEO_SUFFIXES]
    originals = [each for each in videos if not each.stem.endswith(RESULTS)]
    yield [each for each in originals if not any(part in each.name for part in OTHER_VIDEOS)]
    yield originals
    yield [folder] if _holds_frames(folder) else []
    folders = [each for each in entries if each.is_dir() and each.name not in FLOW_FOLDERS]
    yield [each for each in folders if _holds_frames(each)]
    yield videos


def _holds_frames(folder: Path) -> bool:
    # A single picture, or one beside videos, is a thumbnail or the plot of an earlier run.
    suffixes = [each.suffix.lower() for each in folder.iterdir()]
    images = sum(suffix in video.IMAGE_SUFFIXES for suffix in suffixes)
    return images > 1 and not any(suffix in VIDEO_SUFFIXES for suffix in suffixes)

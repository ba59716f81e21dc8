"""A clip: a video and the sensor data recorded with it."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
from jaxtyping import Float, Int

from dvs_jax import recordings, sensors, storage, video
from dvs_jax.camera import Camera, has_shape, in_stored_pixels
from dvs_jax.camera_path import CameraPath, pose_at
from dvs_jax.errors import InputError, document
from dvs_jax.flow import FlowFolder, flow_folder
from dvs_jax.sensors import FROM_THE_FIRST, FrameLog, FrameTimes, SensorLog
from dvs_jax.sensors.folder import VIDEO_SUFFIXES, find_logs, is_video
from dvs_jax.video import Frame, VideoInfo
from dvs_jax.video.times import require_possible

OTHER_VIDEOS = ("no_ois", "no_shutter", "gimbal", "grid", "flo")
"""Parts of names of videos that lie in a clip's folder but are not the input."""

RESULTS = ("_stab_crop", "_stab", "_stab_side_by_side")
"""Ends of names of videos that were made from the input: cropped, uncropped, beside the input."""

SUBJECT_RESULTS = ("_subject", "_compare", "_skeleton", "_mask")
"""Ends of names of videos that `subject` made: result, beside the input, with points, masks."""

FLOW_FOLDERS = ("flo", "flo_back")
"""Folders whose images are not frames, since flow may be stored as .png."""

SHORTEST_STEP_NS = 20_000
"""Shortest frame interval in nanoseconds: two ticks of the 90 kHz video clock fit into it."""

_log = logging.getLogger("dvs_jax")


@dataclass(frozen=True)
class Clip:
    """A video with its sensors.

    Attributes:
        name: base name of its output files.
        video: the stored video or folder of images; for a part of one, that part.
        sensors: its logs, with as many frames as are used of the video; or None.
        flow: flow files beside the video, or None.
        first: how many of the stored frames, and flow files, precede the first that is used.
        images: the frames, uint8 RGB [height, width, 3] each, of a clip in memory.
        withheld: why there are no sensors though a gyro was recorded; "" where that is not so.
    """

    name: str
    video: VideoInfo
    sensors: SensorLog | None
    flow: FlowFolder | None = None
    first: int = 0
    images: Sequence[Frame] | None = field(default=None, repr=False)
    withheld: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of a frame in pixels."""
        return self.video.width, self.video.height

    @property
    def frame_count(self) -> int:
        """How many frames have times: the shorter of video and frame log."""
        return self.video.frame_count if self.sensors is None else len(self.sensors.frames)

    @classmethod
    def from_arrays(
        cls,
        frames: Sequence[Frame],
        time_ns: Int[np.ndarray, "frame"],
        sensors: SensorLog | None = None,
        name: str = "clip",
    ) -> "Clip":
        """Make a clip of frames in memory; it has no sound.

        Args:
            frames: two or more, uint8 RGB [height, width, 3]; not copied, and read more than once.
            time_ns: int64 [frame], increasing presentation times in nanoseconds.
            sensors: sensor logs with as many frames.
            name: base name of its output files.

        Raises:
            InputError: a frame has another shape or dtype, or frames and times differ in number.
        """
        _check_arrays(frames, time_ns, sensors, name)
        height, width, _ = frames[0].shape
        rate = _mean_rate(np.asarray(time_ns, np.int64))
        info = VideoInfo(Path(name), width, height, rate, np.asarray(time_ns, np.int64), 0, False)
        return cls(name, info, sensors, images=frames)


def _check_arrays(
    frames: Sequence[Frame],
    time_ns: Int[np.ndarray, "frame"],
    log: SensorLog | None,
    name: str,
) -> None:
    for index, frame in enumerate(frames):
        if frame.dtype != np.uint8 or frame.shape != (*frames[0].shape[:2], 3):
            raise InputError(
                f"frame {index} is {frame.dtype} {frame.shape}, not uint8 [height, width, 3] like "
                "the first"
            )
    counts = {len(frames), len(time_ns)} | (set() if log is None else {len(log.frames)})
    if len(counts) > 1 or len(frames) < 2:
        raise InputError(f"frames, times and frame log need one length, 2 or more, not {counts}")
    time_ns = np.asarray(time_ns)
    if time_ns.dtype.kind != "i" or (np.diff(time_ns) <= 0).any():
        raise InputError("the frames' times are to be whole nanoseconds that increase")
    require_possible(Path(name), (time_ns * 1e-9).tolist())
    if Path(name).name != name or name in ("", ".", ".."):
        raise InputError(f"{name!r} is no name for files")


def load_clip(
    path: str | Path,
    *,
    read_sensors: bool = True,
    recording: str | Path | None = None,
    even_stabilized: bool = False,
    frame_times: FrameTimes = FROM_THE_FIRST,
) -> Clip:
    """Load a video with the sensor logs that lie beside it, or the telemetry inside it.

    Args:
        path: a video file; a folder of images, whose parent has the logs; or a clip's folder, which
            holds one or the other. There, outputs of earlier runs and the released data's
            other videos are ignored. Of an address in an object store, a copy is read.
        read_sensors: whether logs and telemetry are read; if not, the clip has no sensors.
        recording: the file that recorded the gyro, where it is not the one that `recordings.find`
            finds.
        even_stabilized: whether a gyro is used of whose camera is known that it has stabilised the
            picture itself; one that is named by `recording` always is.
        frame_times: where the frames' times stand; by default in the frame log beside the video,
            from its first line on.

    Returns:
        The clip; `sensors` is None if no gyro was recorded, or the camera has stabilised the
        picture itself, which `withheld` tells. Frames in a folder of
        images get their times from its frame log; without one they are assumed to be 1/30 s apart,
        with a warning.

    Raises:
        InputError: no video, several videos, a video that cannot be read, or sensors that cannot be
            used (see `recordings.load`).
    """
    source = find_video(at_hand(Path(path)))
    info = video.probe(source)
    named = None if recording is None else Path(recording)
    log, withheld = None, ""
    if read_sensors:
        log, withheld = recordings.load(
            source, info.time_ns, named, even_stabilized=even_stabilized, frame_times=frame_times
        )
    frames = None if log is None else log.frames
    if log is None and (frame_times.file or (read_sensors and source.is_dir())):
        frames = sensors.frame_log(source, info.time_ns, frame_times)
    if (info.frame_count if frames is None else len(frames)) < 2:
        raise InputError(f"{source}: one frame is no video; there is nothing to stabilise")
    if log is not None:
        _warn_of_another_shape(info, log.camera)
        log = as_stored(log, info)
    flow = flow_folder.find(source.parent, (info.width, info.height))
    if not source.is_dir():
        return Clip(source.stem, info, log, flow, withheld=withheld)
    # A folder at the root of the file system has a parent without a name.
    name = source.absolute().parent.name or source.name
    timed = _timed_by(frames, info, frame_times.file or find_logs(source).frame)
    return Clip(name, timed, log, flow)


def at_hand(path: Path) -> Path:
    """Return a clip's path on this machine; of one in an object store, that of a copy.

    Raises:
        InputError: it cannot be read.
    """
    if storage.address_of(path) is None:
        return path
    folder, wanted, depth = in_store(path)
    copy = storage.local(folder, wanted, depth)
    return copy if folder == path else copy / path.name


def in_store(path: Path) -> tuple[Path, storage.Wanted, int | None]:
    """Return where the files of a clip in an object store lie, and which they are.

    Beside a video these are the files that are no videos, since its logs are among them.

    Returns:
        The folder's address, which of its files, and how many levels of names.
    """
    if not is_video(path):
        return path, lambda name: True, None
    return path.parent, lambda name: name == path.name or not is_video(Path(name)), 1


def between(clip: Clip, start_s: float, end_s: float) -> Clip:
    """Return the part of a clip from one time to another, in seconds since its first frame.

    Frames, frame log, flow and sound are cut alike; the part's presentation times begin at zero,
    sensor times stay as they are.

    Raises:
        InputError: fewer than two frames lie there.
    """
    if not 0.0 <= start_s < end_s:
        raise InputError(f"no part of a video goes from {start_s:g} s to {end_s:g} s")
    time_ns = clip.video.time_ns[: clip.frame_count]
    elapsed_s = (time_ns - time_ns[0]) * 1e-9
    first, last = np.searchsorted(elapsed_s, [start_s, end_s]).tolist()
    if last - first < 2:
        raise InputError(
            f"{clip.video.path}: has {max(last - first, 0)} frames between {start_s:g} s and "
            f"{end_s:g} s, and two are needed; its last is at {elapsed_s[-1]:.2f} s"
        )
    part = slice(first, last)
    return replace(
        clip,
        video=video.part_of(clip.video, part),
        sensors=None if clip.sensors is None else sensors.part_of(clip.sensors, part),
        first=clip.first + first,
    )


def corrected(clip: Clip, correction: float) -> Clip:
    """Return a clip whose output corrects its lens's distortion (see `Lens.correction`).

    Raises:
        InputError: it has no lens that is known, or the correction is not from 0 to 1.
    """
    if not 0.0 <= correction <= 1.0:
        raise InputError(f"a lens correction of {correction:g} is impossible; give 0 to 1")
    lens = None if clip.sensors is None else clip.sensors.camera.lens
    if clip.sensors is None or lens is None:
        raise InputError(
            f"{clip.video.path}: no lens to correct is known; describe it in camera.toml "
            f"beside the gyro log, as {document('cameras.md')} tells (dvs-jax lens finds profiles)"
        )
    camera = replace(clip.sensors.camera, lens=replace(lens, correction=correction))
    return replace(clip, sensors=replace(clip.sensors, camera=camera))


def as_stored(log: SensorLog, info: VideoInfo) -> SensorLog:
    """Return sensors with the camera of a video's stored pixels, which may not be square."""
    size, aspect = (info.width, info.height), float(info.pixel_aspect)
    return replace(log, camera=in_stored_pixels(log.camera, size, aspect))


def shown_size(info: VideoInfo) -> tuple[float, float]:
    """Return width and height of a picture as it is shown, in pixels as high as the stored ones."""
    return info.width * float(info.pixel_aspect), info.height


def _warn_of_another_shape(info: VideoInfo, camera: Camera) -> None:
    if camera.calibrated_size is None:
        return
    width, height = camera.calibrated_size
    shown = shown_size(info)
    if not any(has_shape((width, height), size) for size in (shown, (info.width, info.height))):
        _log.warning(
            "%s: the camera was calibrated at %g × %g, the video has %d × %d: another shape shows "
            "another part of the sensor; give the [intrinsics] of the video's own mode",
            *(info.path, width, height, info.width, info.height),
        )


def _timed_by(log: FrameLog | None, images: VideoInfo, told: Path | None) -> VideoInfo:
    """Return the description of a folder of images with the times of its frame log."""
    if log is None or told is None:
        _log.warning(
            "%s: no frame log tells when the images were taken; %s frames/s are assumed",
            images.path,
            images.frame_rate,
        )
    if log is None:
        return images
    time_ns = log.time_ns - log.time_ns[0]
    if np.diff(time_ns).min() < SHORTEST_STEP_NS:
        raise InputError(
            f"{told}: two of the images are {np.diff(time_ns).min()} ns apart, which no video can "
            "show; check the unit of the times"
        )
    return replace(images, time_ns=time_ns, frame_rate=_mean_rate(time_ns))


def _mean_rate(time_ns: Int[np.ndarray, "frame"]) -> Fraction:
    mean = Fraction((len(time_ns) - 1) * video.NANOSECONDS, int(time_ns[-1] - time_ns[0]))
    # 1001 is the largest denominator among the usual rates: 30000/1001.
    return max(mean.limit_denominator(1001), Fraction(1, 1001))


def read_frames(clip: Clip) -> Iterator[Frame]:
    """Return the frames that are used, uint8 RGB [height, width, 3], as stored."""
    stored = iter(clip.images) if clip.images is not None else video.read_frames(clip.video.path)
    return islice(stored, clip.first, clip.first + clip.frame_count)


def read_pictures(clip: Clip) -> Iterator[av.VideoFrame]:
    """Return the frames that are used, as YCbCr planes (see `video.read_pictures`)."""
    if clip.images is not None:
        return map(video.ToYuv(clip.video.color), read_frames(clip))
    stored = video.read_pictures(clip.video.path)
    return islice(stored, clip.first, clip.first + clip.frame_count)


def center_time_ns(clip: Clip) -> Int[np.ndarray, "frame"]:
    """Return when each frame's middle row was exposed, int64 nanoseconds on the video's clock.

    Without sensors, the presentation time.
    """
    if clip.sensors is None:
        return clip.video.time_ns[: clip.frame_count]
    return sensors.center_time_ns(clip.sensors.frames)


def recorded(clip: Clip) -> SensorLog:
    """Return the sensors of a clip.

    Raises:
        InputError: there are none; the message says how to get them.
    """
    if clip.sensors is not None:
        return clip.sensors
    if clip.images is not None:
        raise InputError(f"{clip.name}: this needs the gyro; give the clip its sensors")
    raise recordings.no_gyro(clip.video.path)


def real_path(clip: Clip) -> CameraPath:
    """Return the real camera's pose at each frame's centre time; the clip has sensors."""
    time_ns = center_time_ns(clip)
    return CameraPath(time_ns, pose_at(recorded(clip).gyro, time_ns, "hold"))


def lens_shift(clip: Clip) -> Float[np.ndarray, "frame 2"]:
    """Return the logged OIS lens shift at each frame's centre time.

    float64, (x, y) in fractions of the frame's width and height; zero where there is no log.
    """
    log = recorded(clip)
    return sensors.ois_at(log.ois, log.frames.ois_time_ns + log.frames.readout_ns // 2)


def find_video(path: Path) -> Path:
    """Return the video, or folder of images, at a path (see `load_clip`).

    Raises:
        InputError: there is none, or several.
    """
    found = find_videos(path)
    if len(found) > 1:
        names = ", ".join(each.name for each in found)
        raise InputError(f"{path}: holds several videos ({names}); name the one you mean")
    return found[0]


def find_videos(path: Path) -> list[Path]:
    """Return the videos, or folders of images, of the likeliest kind at a path.

    Raises:
        InputError: there is none.
    """
    try:
        found = [path] if path.is_file() else next(filter(None, _candidates(path)), [])
    except FileNotFoundError:
        raise InputError(f"{path}: no such video or folder") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if not found:
        raise InputError(f"{path}: holds no video ({', '.join(VIDEO_SUFFIXES)}) nor a frame folder")
    return found


def _candidates(folder: Path) -> Iterator[list[Path]]:
    """Yield the files in a folder that may be its video, likeliest kind first."""
    # "." has neither a name nor a parent, and both are needed.
    folder = folder if folder.name not in ("", "..") else folder.resolve()
    entries = sorted(each for each in folder.iterdir() if not each.name.startswith("."))
    videos = [each for each in entries if is_video(each)]
    originals = [each for each in videos if not is_result(each)]
    yield [each for each in originals if not any(part in each.name for part in OTHER_VIDEOS)]
    yield originals
    yield [folder] if _holds_frames(folder) else []
    folders = [each for each in entries if each.is_dir() and each.name not in FLOW_FOLDERS]
    yield [each for each in folders if _holds_frames(each)]
    yield videos


def is_result(file: Path, known: Sequence[Path] | None = None) -> bool:
    """Return whether a video was made from another, by its name.

    The ends that `subject` gives are usual words, so there the other has to lie beside it.

    Args:
        file: the video.
        known: where the other is looked for; in the video's folder on the disk unless told.
    """
    if file.stem.endswith(RESULTS):
        return True
    names = {file.stem.removesuffix(end) for end in SUBJECT_RESULTS} - {file.stem, ""}
    if not names:
        return False
    sources = {file.with_name(name) for name in names}
    others = file.parent.iterdir() if known is None else known
    return any(is_video(each) and each.with_suffix("") in sources for each in others)


def _holds_frames(folder: Path) -> bool:
    # A single picture, or one beside videos, is a thumbnail or the plot of an earlier run.
    suffixes = [each.suffix.lower() for each in folder.iterdir()]
    images = sum(suffix in video.IMAGE_SUFFIXES for suffix in suffixes)
    return images > 1 and not any(suffix in VIDEO_SUFFIXES for suffix in suffixes)

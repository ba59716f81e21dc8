"""Frames in, frames out: video files and folders of images, read and written as streams.

Nothing here holds more than a handful of frames, so memory does not grow with a film's length.
Frames are handed over as the sensor stored them. The rotation a phone notes beside them for the
player is left to `VideoInfo` and put back by `VideoWriter`, because a gyro is mounted on the
sensor and all geometry lives in the stored frame.
"""

import contextlib
import heapq
import itertools
import logging
import math
import os
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import cv2
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.sidedata.sidedata import Type as SideDataType
from av.stream import Disposition
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream
from jaxtyping import Int64, UInt8

from dvs_jax.errors import InputError

logger = logging.getLogger("dvs_jax")

NANOSECONDS = 1_000_000_000
IMAGE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
CONTAINERS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}
PRESETS = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast"),
    *("medium", "slow", "slower", "veryslow"),
)
# Sound that players expect in a container, copied as it is; Matroska takes any.
_COPIED_SOUND = {
    "mp4": re.compile("aac|mp3|ac3|eac3|alac|flac|opus"),
    "mov": re.compile("aac|mp3|ac3|eac3|alac|pcm_.*"),
    "matroska": re.compile(".*"),
}
_AAC_LAYOUTS = ("mono", "stereo", "3.0", "4.0", "5.0", "5.1", "7.1")

# Without these, swscale takes short cuts that darken a picture by a level, there and back.
_CONVERSION = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT

# PyAV 18 refuses files whose tags are not UTF-8 unless told otherwise; PyAV 19 has no such option.
_OPEN_OPTIONS: dict[str, Any] = (
    {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
)


@dataclass(frozen=True)
class Color:
    """What the numbers of a stored picture mean, as code points of ITU-T H.273.

    Attributes:
      matrix: the RGB ↔ YCbCr matrix (1 = BT.709, 5 and 6 = BT.601, 9 = BT.2020).
      primaries: the colours of R, G and B (1 = BT.709).
      transfer: the curve from light to number (1 = BT.709, 16 = PQ, 18 = HLG).
    """

    matrix: int = 1
    primaries: int = 1
    transfer: int = 1


_COLORSPACES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
}
# What a matrix comes with where the file does not say: primaries, transfer.
_COMPANIONS = {1: (1, 1), 4: (4, 4), 5: (5, 6), 6: (6, 6), 7: (7, 7), 9: (9, 14)}
_UNSAID = (0, 2, 3)


@dataclass(frozen=True, eq=False)  # arrays have no truth to compare by
class VideoInfo:
    """Everything about a video but its pictures.

    Attributes:
      path: the file, or the folder of images.
      width: of a stored frame, in pixels, before the rotation.
      height: of a stored frame, in pixels, before the rotation.
      frame_rate: frames per second; exact (30000/1001) where the frames are evenly spaced but
        for a few dropped ones, their mean where they are not.
      time_ns: presentation time of every frame by the video's own clock, ascending, in int64
        nanoseconds. It starts at the first frame's own time, which need not be zero.
      rotation: degrees, counter-clockwise, in (-180, 180], by which a player turns the stored
        frame to show it upright.
      has_audio: whether there is sound.
      mirrored: whether a player mirrors the frame left to right, after turning it.
      color: what the numbers mean.
      pixel_aspect: width of a pixel by its height.
      time_base: seconds; `time_ns` is stored as multiples of it.
    """

    path: Path
    width: int
    height: int
    frame_rate: Fraction
    time_ns: Int64[np.ndarray, "frame"] = field(repr=False)
    rotation: int
    has_audio: bool
    mirrored: bool = False
    color: Color = Color()
    pixel_aspect: Fraction = Fraction(1)
    time_base: Fraction = Fraction(1, 90_000)

    @property
    def frame_count(self) -> int:
        """How many frames `read_frames` yields."""
        return len(self.time_ns)


def probe(path: str | os.PathLike[str], frame_rate: Fraction | float = 30) -> VideoInfo:
    """Find out everything about a video but its pictures.

    A file is read once from start to end without decoding more than its first frame.

    Args:
      path: a video file, or a folder of images, which are taken in natural order (2 before 10).
      frame_rate: frames per second of a folder of images; a file knows its own.

    Returns:
      The description. A file that is cut off is described as far as it goes, and a warning says
      how many frames are missing.

    Raises:
      InputError: there is no such file, it is no video, or there is no frame in it.
    """
    path = Path(path)
    return _probe_folder(path, frame_rate) if _is_folder(path) else _probe_file(path)


def read_frames(path: str | os.PathLike[str]) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    """Yield the frames of a video one by one.

    A frame that cannot be decoded is replaced by the one before it (at the start, by the one
    after it), so frame i always belongs to `probe(path).time_ns[i]`, and a warning at the end
    says how many were lost. Errors come when the first frame is asked for.

    Args:
      path: a video file, or a folder of images.

    Yields:
      RGB images in order of presentation, as stored: not turned by the rotation.

    Raises:
      InputError: as `probe`; or no frame can be decoded; or the images differ in size.
    """
    path = Path(path)
    return _read_images(path) if _is_folder(path) else _read_file(path)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({_reason(error)})") from error


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


# Folders of images.


def _probe_folder(folder: Path, frame_rate: Fraction | float) -> VideoInfo:
    if not math.isfinite(frame_rate) or frame_rate <= 0:
        raise InputError(f"{folder}: a frame rate of {frame_rate} is impossible; give one above 0")
    rate = Fraction(frame_rate).limit_denominator(100_000)
    images = _list_images(folder)
    height, width, _ = _read_image(images[0]).shape
    time_ns = np.array([round(i * NANOSECONDS / rate) for i in range(len(images))], np.int64)
    return VideoInfo(folder, width, height, rate, time_ns, rotation=0, has_audio=False)


def _read_images(folder: Path) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    shape = None
    for path in _list_images(folder):
        image = _read_image(path)
        shape = shape or image.shape
        if image.shape != shape:
            raise InputError(
                f"{path}: is {image.shape[1]} × {image.shape[0]}, the images before it are "
                f"{shape[1]} × {shape[0]}; all images of a video need one size"
            )
        yield image


def _list_images(folder: Path) -> list[Path]:
    try:
        images = [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES]
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({_reason(error)})") from error
    if not images:
        raise InputError(f"{folder}: no image in this folder ({', '.join(IMAGE_SUFFIXES)})")
    return sorted(images, key=_natural_key)


def _natural_key(path: Path) -> tuple[list[tuple[int, str]], str]:
    parts = re.findall(r"\d+|\D+", path.name)
    return [(int(p), "") if p.isdecimal() else (-1, p) for p in parts], path.name


def _read_image(path: Path) -> UInt8[np.ndarray, "height width 3"]:
    try:
        stored = np.fromfile(path, np.uint8)
        image = cv2.imdecode(stored, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except (OSError, cv2.error) as error:
        raise InputError(f"{path}: cannot be read as an image ({error})") from error
    if image is None:
        raise InputError(f"{path}: cannot be read as an image; remove or replace it")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


# Video files, in.


@contextlib.contextmanager
def _open_video(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    with _open_container(path) as container:
        stream = container.streams.best("video")
        if not isinstance(stream, VideoStream) or stream.disposition & Disposition.attached_pic:
            raise InputError(f"{path}: there is no video in this file")
        if stream.codec_context is None:
            raise InputError(f"{path}: no decoder for its video; convert it to H.264 first")
        yield container, stream


def _open_container(path: Path) -> InputContainer:
    try:
        # Absolute, lest "a:b.mp4" be taken for a protocol.
        container = av.open(str(path.absolute()), "r", **_OPEN_OPTIONS)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (OSError, av.FFmpegError) as error:
        raise InputError(
            f"{path}: cannot be read as a video ({_reason(error)}); a recording or copy that "
            "was broken off leaves such a file"
        ) from error
    # FFmpeg "plays" any text file as a terminal would show it.
    if container.format.name == "tty":
        container.close()
        raise InputError(f"{path}: is a text file, not a video")
    return container


def _demux(container: InputContainer, stream: VideoStream | AudioStream) -> Iterator[av.Packet]:
    """Yield the packets that are whole, as far as the file can be read."""
    try:
        for packet in container.demux(stream):
            if packet.size > 0 and not packet.is_corrupt:
                yield packet
    except av.FFmpegError as error:
        logger.warning("%s: cannot be read to its end (%s)", container.name, _reason(error))


def _decode(stream: VideoStream | AudioStream, packet: av.Packet | None) -> list[Any]:
    """Frames that are ready after this packet; after None, all that the decoder still holds."""
    try:
        return stream.decode(packet)
    except av.FFmpegError:
        return []


def _probe_file(path: Path) -> VideoInfo:
    with _open_video(path) as (container, stream):
        frames: list[av.VideoFrame] = []
        ticks: list[int | None] = []
        hidden = 0
        for packet in _demux(container, stream):
            # An edit list hides frames that are decoded, but never shown.
            hidden += packet.is_discard
            if not packet.is_discard:
                ticks.append(packet.pts)
            frames = frames or _decode(stream, packet)
        frames = frames or _decode(stream, None)
        if not frames or not ticks:
            raise InputError(f"{path}: not one frame of this video can be decoded")
        info = _describe(path, container, stream, frames[0], ticks)
        missing = _missing_frame_count(stream, info, len(ticks) + hidden)
    if missing > 0:
        logger.warning(
            "%s: is cut off or damaged; %d of its %d frames are missing, the other %d are used",
            *(path, missing, info.frame_count + missing, info.frame_count),
        )
    return info


def _describe(
    path: Path,
    container: InputContainer,
    stream: VideoStream,
    first: av.VideoFrame,
    ticks: list[int | None],
) -> VideoInfo:
    time_base = _fraction(stream.time_base)
    declared = [_fraction(rate) for rate in (stream.base_rate, stream.average_rate) if rate]
    time_ns = _presentation_times(ticks, time_base, declared)
    rotation, mirrored = _orientation(first)
    return VideoInfo(
        path=path,
        width=first.width,
        height=first.height,
        frame_rate=_frame_rate(time_ns, time_base, declared),
        time_ns=time_ns,
        rotation=rotation,
        has_audio=container.streams.best("audio") is not None,
        mirrored=mirrored,
        color=_color(path, first),
        pixel_aspect=_fraction(stream.sample_aspect_ratio) or Fraction(1),
        time_base=time_base,
    )


def _fraction(rational: Any) -> Fraction:
    """PyAV 18 gives a Fraction or None, PyAV 19 a rational of its own, 0 for None."""
    return Fraction(rational.numerator, rational.denominator) if rational else Fraction(0)


def _presentation_times(
    ticks: list[int | None], time_base: Fraction, declared: list[Fraction]
) -> Int64[np.ndarray, "frame"]:
    known = sorted(tick for tick in ticks if tick is not None)
    if len(known) == len(ticks):
        # Damaged files show two frames at once; a tick apart, they can be told apart.
        distinct = itertools.accumulate(known, lambda before, tick: max(before + 1, tick))
        seconds = [tick * time_base for tick in distinct]
    else:
        # Bare streams without a container carry no times, only the mean rate.
        rate = declared[-1] if declared else Fraction(30)
        seconds = [Fraction(i) / rate for i in range(len(ticks))]
    return np.array([round(second * NANOSECONDS) for second in seconds], np.int64)


def _frame_rate(
    time_ns: Int64[np.ndarray, "frame"], time_base: Fraction, declared: list[Fraction]
) -> Fraction:
    for rate in declared:
        if _is_evenly_spaced(time_ns, rate, time_base):
            return rate
    duration = int(time_ns[-1] - time_ns[0])
    if duration == 0:
        return Fraction(30)
    return Fraction((len(time_ns) - 1) * NANOSECONDS, duration).limit_denominator(100_000)


def _is_evenly_spaced(
    time_ns: Int64[np.ndarray, "frame"], rate: Fraction, time_base: Fraction
) -> bool:
    """Whether each frame has a place on the rate's grid, within a tick, and most are neighbours."""
    if len(time_ns) < 2:
        return True
    place = (time_ns - time_ns[0]) * float(rate / NANOSECONDS)
    off = np.abs(place - np.rint(place))
    tick = float((time_base + Fraction(1, NANOSECONDS)) * rate)
    steps = np.diff(np.rint(place))
    return bool(np.all(off <= tick) and np.all(steps >= 1) and np.median(steps) == 1)


def _orientation(frame: av.VideoFrame) -> tuple[int, bool]:
    """Rotation and mirroring of the display matrix, whose row vectors (x, y, 1) it multiplies."""
    side_data: Any = frame.side_data
    stored = side_data.get(SideDataType.DISPLAYMATRIX)
    if stored is None:
        return 0, False
    a, b, _, c, d = np.frombuffer(stored, np.int32)[:5].tolist()
    mirrored = a * d - b * c < 0
    degrees = round(math.degrees(math.atan2(-b, -a if mirrored else a)))
    return 180 if degrees == -180 else degrees, mirrored


def _color(path: Path, frame: av.VideoFrame) -> Color:
    is_hd = frame.width >= 1280 or frame.height > 576
    matrix = frame.colorspace
    if frame.format.is_rgb:
        matrix = 1
    elif matrix in _UNSAID:
        matrix = 1 if is_hd else 6  # as players guess
    if matrix not in _COLORSPACES:
        raise InputError(f"{path}: colours of H.273 matrix {matrix}; convert it to BT.709 first")
    primaries, transfer = _COMPANIONS[matrix]
    return Color(
        matrix,
        primaries if frame.color_primaries in _UNSAID else frame.color_primaries,
        transfer if frame.color_trc in _UNSAID else frame.color_trc,
    )


def _missing_frame_count(stream: VideoStream, info: VideoInfo, found: int) -> int:
    """How many frames the header promises beyond those found; 0 where it promises nothing."""
    if stream.container.format.name.startswith("mov"):
        return len(stream.index_entries) - found  # its frame count ignores the edit list
    if stream.frames:
        return stream.frames - found
    duration = re.match(r"(\d+):(\d+):([\d.]+)", stream.metadata.get("DURATION", ""))
    if not duration or not _is_evenly_spaced(info.time_ns, info.frame_rate, info.time_base):
        return 0
    hours, minutes, seconds = map(Fraction, duration.groups())
    rest = (hours * 60 + minutes) * 60 + seconds - Fraction(int(info.time_ns[-1]), NANOSECONDS)
    return round(rest * info.frame_rate) - 1


def _read_file(path: Path) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    with _open_video(path) as (container, stream):
        stream.thread_type = "AUTO"
        to_rgb = _ToRgb(path)
        for frame in _fill_gaps(path, _decode_all(container, stream)):
            yield to_rgb(frame)


def _fill_gaps(path: Path, frames: Iterator[av.VideoFrame | None]) -> Iterator[av.VideoFrame]:
    lost, owed, last = 0, 0, None
    for frame in frames:
        lost += frame is None
        owed += 1
        last = frame or last
        if last is not None:
            yield from [last] * owed
            owed = 0
    if last is None:
        raise InputError(f"{path}: not one frame of this video can be decoded")
    if lost:
        logger.warning("%s: %d frames could not be decoded; each repeats another", path, lost)


def _decode_all(container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame | None]:
    """Frames in order of presentation, None for each that its packet failed to become."""
    is_dated = container.format.name != "avi"  # which knows the order of decoding only
    awaited: list[int] = []
    for packet in itertools.chain(_demux(container, stream), [None]):
        if packet is not None and not packet.is_discard:
            heapq.heappush(awaited, packet.pts if is_dated and packet.pts is not None else 0)
        for frame in _decode(stream, packet):
            while awaited and is_dated and frame.pts is not None and awaited[0] < frame.pts:
                heapq.heappop(awaited)
                yield None
            if awaited:
                heapq.heappop(awaited)
                yield frame
    yield from [None] * len(awaited)


class _ToRgb:
    """Converts the decoded frames of one video."""

    def __init__(self, path: Path):
        self._path = path
        self._reformatter = VideoReformatter()  # holds buffers that are dear to set up
        self._size: tuple[int, int] | None = None

    def __call__(self, frame: av.VideoFrame) -> UInt8[np.ndarray, "height width 3"]:
        self._size = self._size or (frame.width, frame.height)
        if (frame.width, frame.height) != self._size:
            raise InputError(
                f"{self._path}: the frame size changes from {self._size} to "
                f"{(frame.width, frame.height)}; cut the video there first"
            )
        try:
            converted = self._reformatter.reformat(
                frame,
                format="rgb24",
                src_colorspace=_COLORSPACES[_color(self._path, frame).matrix],
                interpolation=_CONVERSION,
            )
        except av.FFmpegError as error:
            raise InputError(
                f"{self._path}: {frame.format.name} pictures cannot be turned into RGB "
                f"({_reason(error)}); convert it to H.264 first"
            ) from error
        return np.ascontiguousarray(converted.to_ndarray())


# Video files, out.


class VideoWriter:
    """Writes a video that plays like another one: same times, sound, rotation and colours.

    Used as a context manager. The film grows under a temporary name beside the final one and is
    renamed on a clean exit only: after any exception nothing new lies under the final name, and
    an older file of that name is as it was.

    The picture is H.264, YCbCr 4:2:0 in limited range, with the matrix, primaries and transfer of
    the original. The sound is copied packet by packet, up to the time of the last frame written,
    or whole when that is the original's last. It is encoded anew, as AAC, only where the
    container cannot hold it (or is .mp4 and it is PCM, which few players expect there).
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        like: VideoInfo,
        width: int,
        height: int,
        crf: float = 18,
        preset: str = "medium",
    ):
        """Describe the video to write; entering the context begins it.

        Args:
          path: the file to write, .mp4, .mov or .mkv.
          like: the original. Where `has_audio` is set, its file is read again for the sound.
          width: of the frames to come, in pixels. 4:2:0 needs even sizes, so the last column of
            an odd width is cut off.
          height: of the frames to come, in pixels; of an odd one the last row is cut off.
          crf: constant rate factor, from 0 (lossless) to 51 (worst); 18 looks like the original.
          preset: of libx264, from "ultrafast" to "veryslow": time against size of the file.

        Raises:
          InputError: the extension names no container this writes, or an argument is impossible.
        """
        self._path = Path(path)
        if self._path.suffix.lower() not in CONTAINERS:
            raise InputError(f"{path}: write to a file that ends in {', '.join(CONTAINERS)}")
        if width < 2 or height < 2:
            raise InputError(f"{path}: a video of {width} × {height} pixels is impossible")
        if not 0 <= crf <= 51:
            raise InputError(f"{path}: crf {crf} is impossible; give one from 0 to 51")
        if preset not in PRESETS:
            raise InputError(f"{path}: no preset {preset!r}; there are {', '.join(PRESETS)}")
        self._like = like
        self._shape = (height, width, 3)
        self._encoder_options = {"crf": str(crf), "preset": preset}
        self._clock = _Clock.like(like)
        self._last_tick: int | None = None
        self._lost_sound_count = 0

    def __enter__(self) -> Self:
        """Make the temporary file and write its header.

        Raises:
          InputError: the folder does not exist or cannot be written to, or the original cannot
            be read.
        """
        # Short, lest a long name that is still allowed become one that is not.
        self._temporary = self._path.with_name(f".{self._path.stem[:40]}.{uuid.uuid4().hex}.part")
        self._open_files = contextlib.ExitStack()
        try:
            with self._explained_errors():
                self._open()
        except BaseException:
            self._discard()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Finish and rename the file; after an exception, remove it.

        Raises:
          InputError: no frame was written, or the file cannot be written to its end.
        """
        try:
            if kind is None:
                with self._explained_errors():
                    self._finish()
        finally:
            self._discard()

    def write(self, frame: UInt8[np.ndarray, "height width 3"], time_ns: int) -> None:
        """Append a frame.

        Args:
          frame: RGB, in the orientation of the original's stored frames.
          time_ns: its presentation time by the original's clock.

        Raises:
          InputError: the frame is of another shape or type, its time is not after the one
            before, or the file cannot be written (the disk is full).
        """
        if frame.shape != self._shape or frame.dtype != np.uint8:
            raise InputError(
                f"{self._path}: a frame is {frame.dtype} {frame.shape}, not uint8 {self._shape}"
            )
        tick = self._clock.tick(time_ns)
        if self._last_tick is not None and tick <= self._last_tick:
            raise InputError(f"{self._path}: a frame at {time_ns} ns is not after the one before")
        self._last_tick = tick
        with self._explained_errors():
            self._output.mux(self._video.encode(self._to_yuv(frame, tick)))
            self._write_sound(until=tick * self._clock.time_base)

    def _open(self) -> None:
        container = CONTAINERS[self._path.suffix.lower()]
        self._temporary.touch()
        self._output = av.open(
            str(self._temporary.absolute()),
            "w",
            format=container,
            container_options={} if container == "matroska" else self._mp4_options(),
        )
        self._open_files.callback(self._output.close)
        self._video = self._add_video()
        self._to_yuv = _ToYuv(self._video, self._like.color, self._clock.time_base)
        self._sound = _add_sound(self._output, self._like, self._open_files)
        self._next_sound = next(self._sound, None)
        self._output.start_encoding()

    def _mp4_options(self) -> dict[str, str]:
        # FFmpeg 8 and older round the moment at which a track starts to milliseconds by default.
        ticks_per_second = self._clock.time_base.denominator
        return {"movflags": "+faststart", "movie_timescale": str(ticks_per_second)}

    def _add_video(self) -> VideoStream:
        height, width, _ = self._shape
        color = self._like.color
        stream = self._output.add_stream(
            "libx264",
            rate=self._like.frame_rate,
            options=self._encoder_options,
            width=width - width % 2,
            height=height - height % 2,
            time_base=self._clock.time_base,
            pix_fmt="yuv420p",
            sample_aspect_ratio=self._like.pixel_aspect,
            colorspace=color.matrix,
            color_primaries=color.primaries,
            color_trc=color.transfer,
            color_range=ColorRange.MPEG,
            thread_type="FRAME",  # PyAV sets slices, which are slower
        )
        if self._like.rotation or self._like.mirrored:
            stream.set_display_rotation(self._like.rotation, hflip=self._like.mirrored)
        return stream

    def _write_sound(self, until: Fraction | float) -> None:
        """Write the sound that begins before a time, in seconds."""
        while self._next_sound is not None and _begin(self._next_sound) < until:
            try:
                self._output.mux(self._next_sound)
            except av.FFmpegError as error:
                if isinstance(error, OSError):
                    raise
                self._lost_sound_count += 1
            self._next_sound = next(self._sound, None)

    def _finish(self) -> None:
        if self._last_tick is None:
            raise InputError(f"{self._path}: no frame was written")
        self._output.mux(self._video.encode(None))
        is_whole = self._last_tick >= self._clock.tick(self._like.time_ns[-1])
        end = self._last_tick * self._clock.time_base + 1 / self._like.frame_rate
        self._write_sound(until=math.inf if is_whole else end)
        if self._lost_sound_count:
            logger.warning(
                "%s: %d packets of its sound are damaged and left out",
                *(self._like.path, self._lost_sound_count),
            )
        self._output.close()
        self._temporary.replace(self._path)

    def _discard(self) -> None:
        # Removed before it is closed, so that closing does not go on to move the index to the
        # front of a film nobody wants; and after, where a file in use cannot be removed.
        with contextlib.suppress(OSError):
            self._temporary.unlink()
        with contextlib.suppress(OSError, ValueError, av.FFmpegError):
            self._open_files.close()
        with contextlib.suppress(OSError):
            self._temporary.unlink()

    @contextlib.contextmanager
    def _explained_errors(self) -> Iterator[None]:
        try:
            yield
        except (OSError, av.FFmpegError) as error:
            raise InputError(
                f"cannot write {self._path.name} into the folder "
                f"{self._path.parent.absolute()} ({_reason(error)})"
            ) from error


@dataclass(frozen=True)
class _Clock:
    """Turns times into the whole numbers a file stores, in units of `time_base` seconds.

    An original whose frames are evenly spaced may have stored their times rounded (Matroska to
    milliseconds). They are put back into their exact places, so that 29.97 stays 30000/1001.
    """

    time_base: Fraction
    start: Fraction
    rate: Fraction | None
    tolerance: Fraction

    @classmethod
    def like(cls, info: VideoInfo) -> Self:
        start = Fraction(int(info.time_ns[0]), NANOSECONDS)
        if not _is_evenly_spaced(info.time_ns, info.frame_rate, info.time_base):
            return cls(info.time_base, start, None, info.time_base)
        frequency = info.frame_rate.numerator
        frequency *= math.ceil(90_000 / frequency)  # as fine as cameras' own clocks
        return cls(Fraction(1, frequency), start, info.frame_rate, info.time_base)

    def tick(self, time_ns: int) -> int:
        time = Fraction(int(time_ns), NANOSECONDS)
        if self.rate is not None:
            exact = self.start + round((time - self.start) * self.rate) / self.rate
            time = exact if abs(exact - time) <= self.tolerance else time
        return round(time / self.time_base)


class _ToYuv:
    """Converts RGB images to what an encoder takes, and dates them."""

    def __init__(self, encoder: VideoStream, color: Color, time_base: Fraction):
        self._encoder = encoder
        self._colorspace = _COLORSPACES[color.matrix]
        self._time_base = time_base
        self._reformatter = VideoReformatter()

    def __call__(self, frame: UInt8[np.ndarray, "height width 3"], tick: int) -> av.VideoFrame:
        even = np.ascontiguousarray(frame[: self._encoder.height, : self._encoder.width])
        picture = self._reformatter.reformat(
            av.VideoFrame.from_numpy_buffer(even, "rgb24"),
            format="yuv420p",
            dst_colorspace=self._colorspace,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=_CONVERSION,
        )
        picture.pts = tick
        picture.time_base = self._time_base
        return picture


# Sound.


def _add_sound(
    output: OutputContainer, like: VideoInfo, open_files: contextlib.ExitStack
) -> Iterator[av.Packet]:
    """Give an output a stream for the original's sound; returns the packets to write there."""
    if not like.has_audio:
        return iter(())
    source = open_files.enter_context(_open_container(like.path))
    stream = source.streams.best("audio")
    if not isinstance(stream, AudioStream) or stream.codec_context is None:
        logger.warning("%s: no decoder for its sound; the new video is silent", like.path)
        return iter(())
    if _COPIED_SOUND[output.format.name].fullmatch(stream.codec_context.codec.canonical_name):
        with contextlib.suppress(ValueError):  # the container cannot hold this kind of it
            return _copy_sound(source, stream, output.add_stream_from_template(stream))
    return _encode_sound(source, stream, _add_aac(output, stream))


def _copy_sound(
    source: InputContainer, stream: AudioStream, target: AudioStream
) -> Iterator[av.Packet]:
    for packet in _demux(source, stream):
        packet.stream = target
        yield packet


def _add_aac(output: OutputContainer, original: AudioStream) -> AudioStream:
    rates = av.Codec("aac", "w").audio_rates or []
    rate = original.sample_rate if original.sample_rate in rates else 48_000
    layout = original.layout.name if original.layout.name in _AAC_LAYOUTS else "stereo"
    return output.add_stream("aac", rate=rate, layout=layout)


def _encode_sound(
    source: InputContainer, stream: AudioStream, target: AudioStream
) -> Iterator[av.Packet]:
    try:
        for packet in itertools.chain(_demux(source, stream), [None]):
            for frame in _decode(stream, packet):
                yield from target.encode(frame)
    except (ValueError, av.FFmpegError) as error:
        logger.warning("%s: its sound breaks off (%s)", source.name, _reason(error))
    yield from target.encode(None)


def _begin(packet: av.Packet) -> Fraction:
    """When it begins to sound, in seconds."""
    return (packet.pts or 0) * _fraction(packet.time_base)

"""Encoding frames and muxing them with sound into a video file."""

import contextlib
import logging
import math
import os
import uuid
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream
from jaxtyping import UInt8

from dvs_jax.errors import InputError, reason
from dvs_jax.video import encoders
from dvs_jax.video.clock import Clock
from dvs_jax.video.conversion import FORMAT, FORMATS, ToYuv, as_planes
from dvs_jax.video.encoders import PRESETS
from dvs_jax.video.info import VideoInfo
from dvs_jax.video.mastering import x265_parameters
from dvs_jax.video.tags import APPLE, write_tags
from dvs_jax.video.times import NANOSECONDS
from dvs_jax.video.tracks import add_tracks, start_time

logger = logging.getLogger("dvs_jax")

CONTAINERS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}


class VideoWriter:
    """Writes a video like an original: same presentation times, sound, rotation and colours.

    Used as a context manager. The file is written under a temporary name beside the final one and
    renamed on a clean exit only: after any exception there is no new file of the final name, and
    an older one is unchanged.

    The picture is YCbCr in limited range, with the matrix, primaries and transfer of the original:
    H.264, or HEVC where the original has more than 8 bits. All tracks of sound are copied packet by
    packet, up to the time of the last frame written, or to their end when that is the original's
    last. They are encoded anew, as AAC, only where the container cannot hold them (or is .mp4 and
    they are PCM, which few players expect there). Subtitles, chapters and tags are kept.

    Attributes:
      path: the file.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        like: VideoInfo,
        width: int,
        height: int,
        crf: float = 18,
        preset: str = "medium",
        encoder: encoders.Kind = "software",
        codec: encoders.Codec | None = None,
    ):
        """Describe the video to write; entering the context begins it.

        Args:
          path: the file to write, .mp4, .mov or .mkv.
          like: the original. Where `has_audio` is set, its file is read again for the sound.
          width: of the frames, in pixels. 4:2:0 needs even sizes, so the last column of an odd
            width is cut off.
          height: of the frames, in pixels; of an odd one the last row is cut off.
          crf: constant rate factor, from 0 (lossless) to 51 (worst); 18 looks like the original.
          preset: of libx264, from "ultrafast" to "veryslow": time against size of the file.
          encoder: which kind of encoder; see `encoders.choose`.
          codec: "h264", "hevc" or "prores", which takes a .mov; None is HEVC where the original has
            more than 8 bits, and else H.264.

        Raises:
          InputError: the extension is none of `CONTAINERS`, or an argument is out of range.
        """
        self.path = Path(path)
        if self.path.suffix.lower() not in CONTAINERS:
            raise InputError(f"{path}: write to a file that ends in {', '.join(CONTAINERS)}")
        if width < 2 or height < 2:
            raise InputError(f"{path}: a video of {width} × {height} pixels is impossible")
        if not 0 <= crf <= 51:
            raise InputError(f"{path}: crf {crf} is impossible; give one from 0 to 51")
        if preset not in PRESETS:
            raise InputError(f"{path}: no preset {preset!r}; there are {', '.join(PRESETS)}")
        self._like = like
        self._shape = (height, width, 3)
        self._size = width - width % 2, height - height % 2
        codec = codec or ("hevc" if like.bit_depth > 8 else "h264")
        if codec == "prores" and self.path.suffix.lower() != ".mov":
            raise InputError(f"{path}: ProRes is written to a file that ends in .mov")
        chosen = encoders.choose(encoder, crf, preset, self._size, codec, like.bit_depth)
        self._encoder = _with_mastering(chosen, like)
        if like.bit_depth > 8 and codec == "h264":
            logger.info(
                "%s: has more than 8 bits, of which H.264 keeps 8; skies may band", like.path
            )
        self._to_yuv = ToYuv(like.color)
        self._clock = Clock.like(like)
        self._last_tick: int | None = None
        self._lost_sound_count = 0

    def __enter__(self) -> Self:
        """Make the temporary file and write its header.

        Raises:
          InputError: the folder does not exist or cannot be written to, or the original cannot
            be read.
        """
        # Shortened, so that a long name does not exceed the file system's limit.
        self._temporary = self.path.with_name(f".{self.path.stem[:40]}.{uuid.uuid4().hex}.part")
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
                f"{self.path}: a frame is {frame.dtype} {frame.shape}, not uint8 {self._shape}"
            )
        width, height = self._size
        self.write_picture(self._to_yuv(frame[:height, :width]), time_ns)

    def write_picture(self, picture: av.VideoFrame, time_ns: int) -> None:
        """Append a frame in the encoder's format; its `pts` is set, and it is not kept.

        Args:
          picture: in one of `conversion.FORMATS`, with the original's matrix, of the size without
            a last odd row and column.
          time_ns: its presentation time by the original's clock.

        Raises:
          InputError: as `write`.
        """
        name = picture.format.name
        if (picture.width, picture.height) != self._size or name not in FORMATS.values():
            raise InputError(f"{self.path}: a picture is {picture}, not {self._size} {FORMAT}")
        if name != self._encoder.pix_fmt:
            picture = as_planes(picture, self._encoder.pix_fmt, self._like.color)
        tick = self._clock.tick(time_ns)
        if self._last_tick is not None and tick <= self._last_tick:
            raise InputError(f"{self.path}: a frame at {time_ns} ns is not after the one before")
        self._last_tick = tick
        picture.pts, picture.time_base = tick, self._clock.time_base
        with self._explained_errors():
            self._output.mux(self._video.encode(picture))
            self._write_sound(until=tick * self._clock.time_base)

    def _open(self) -> None:
        container = CONTAINERS[self.path.suffix.lower()]
        self._temporary.touch()
        self._output = av.open(
            str(self._temporary.absolute()),
            "w",
            format=container,
            container_options={} if container == "matroska" else self._mp4_options(),
        )
        self._open_files.callback(self._output.close)
        self._video = self._add_video()
        self._write_tags()
        self._sound = add_tracks(self._output, self._like, self._open_files)
        self._next_sound = next(self._sound, None)
        self._output.start_encoding()

    def _mp4_options(self) -> dict[str, str]:
        # FFmpeg 8 and older round a track's start time to milliseconds by default.
        ticks_per_second = self._clock.time_base.denominator
        flags = "+faststart"
        if any(key.startswith(APPLE) for key in self._like.tags.file):
            flags += "+use_metadata_tags"  # else FFmpeg writes those keys alone that iTunes knows
        return {"movflags": flags, "movie_timescale": str(ticks_per_second)}

    def _add_video(self) -> VideoStream:
        width, height = self._size
        color = self._like.color
        is_matroska = self.path.suffix.lower() == ".mkv"
        stream = self._output.add_stream(
            self._encoder.name,
            rate=self._like.frame_rate,
            options=self._encoder.options,
            width=width,
            height=height,
            time_base=self._clock.time_base,
            pix_fmt=self._encoder.pix_fmt,
            sample_aspect_ratio=self._like.pixel_aspect,
            colorspace=color.matrix,
            color_primaries=color.primaries,
            color_trc=color.transfer,
            color_range=ColorRange.MPEG,
            thread_type="FRAME",  # PyAV's default, SLICE, is slower
        )
        if self._encoder.name.startswith(("libx265", "hevc")) and not is_matroska:
            stream.codec_context.codec_tag = "hvc1"  # the one that Apple's players know
        if self._like.rotation or self._like.mirrored:
            stream.set_display_rotation(self._like.rotation, hflip=self._like.mirrored)
        return stream

    def _write_tags(self) -> None:
        like = self._like
        begin, _ = like.cut_ns or (0, None)
        origin = like.start + Fraction(begin, NANOSECONDS)
        end = origin + Fraction(int(like.time_ns[-1]), NANOSECONDS) + 1 / like.frame_rate
        write_tags(self._output, self._video, like.tags, like.frame_rate, origin, end)

    def _write_sound(self, until: Fraction | float) -> None:
        """Write the sound that begins before a time, in seconds."""
        while self._next_sound is not None and start_time(self._next_sound) < until:
            try:
                self._output.mux(self._next_sound)
            except av.FFmpegError as error:
                if isinstance(error, OSError):
                    raise
                self._lost_sound_count += 1
            self._next_sound = next(self._sound, None)

    def _finish(self) -> None:
        if self._last_tick is None:
            raise InputError(f"{self.path}: no frame was written")
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
        self._temporary.replace(self.path)

    def _discard(self) -> None:
        # Removed before it is closed, so that closing does not spend time moving the index to the
        # front of the file; and again after, where a file in use cannot be removed.
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
                f"cannot write {self.path.name} into the folder "
                f"{self.path.parent.absolute()} ({reason(error)})"
            ) from error


def _with_mastering(encoder: encoders.Encoder, like: VideoInfo) -> encoders.Encoder:
    """Return an encoder that also writes what HDR tells of its display, where it can."""
    if encoder.name != "libx265":
        return encoder
    key = "x265-params"
    told = ":".join([encoder.options[key], *x265_parameters(like.mastering)])
    return encoder._replace(options={**encoder.options, key: told})

"""What a file tells of its recording: when and where it was made, its timecode and chapters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from av.container import InputContainer, OutputContainer
from av.stream import Stream
from av.video.stream import VideoStream

if TYPE_CHECKING:
    from av.container.core import Chapter

APPLE = "com.apple.quicktime."

# They describe the file that they were read from.
_OF_THE_FILE = frozenset(
    {"major_brand", "minor_version", "compatible_brands", "encoder", "duration", "timecode"}
)
_OF_A_STREAM = ("language", "title", "handler_name", "creation_time")
# FFmpeg knows MOV's languages by their older codes.
_LANGUAGES_OF_MOV = {
    "ces": "cze",
    "cym": "wel",
    "deu": "ger",
    "ell": "gre",
    "eus": "baq",
    "fas": "per",
    "hye": "arm",
    "isl": "ice",
    "kat": "geo",
    "mkd": "mac",
    "mya": "bur",
    "nld": "dut",
    "ron": "rum",
    "slk": "slo",
    "sqi": "alb",
    "zho": "chi",
}
_TIMECODE = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d{2,3})")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_MOST_A_SECOND = 255
"""Frames that a timecode in MP4 can count."""


@dataclass(frozen=True)
class Tags:
    """What a file tells of its recording.

    Attributes:
      file: its tags, such as "creation_time", "title" and "location".
      pictures: those of its pictures, such as "language".
      timecode: of the first frame, HH:MM:SS:FF, with ";" before FF where numbers are dropped; or
        None.
      chapters: their titles and times by the file's clock.
    """

    file: Mapping[str, str] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)
    timecode: str | None = None
    chapters: tuple[Chapter, ...] = ()


def created_ns(tags: Tags) -> int | None:
    """Return when a file says that it was made, int64 nanoseconds since 1970, or None."""
    told = next((v for key, v in tags.file.items() if key.lower() == "creation_time"), "")
    try:
        made = datetime.fromisoformat(told)
    except ValueError:
        return None
    made = made if made.tzinfo else made.replace(tzinfo=UTC)
    return (made - _EPOCH) // timedelta(microseconds=1) * 1000


def read_tags(container: InputContainer, video: VideoStream) -> Tags:
    """Return the tags of a file."""
    metadata = container.metadata.items()
    file = {key: _once(value) for key, value in metadata if key.lower() not in _OF_THE_FILE}
    # Matroska writes all names in capitals.
    told = [container.metadata, *(each.metadata for each in _all(video))]
    timecodes = [value for tags in told for key, value in tags.items() if key.lower() == "timecode"]
    timecode = next(filter(_TIMECODE.fullmatch, timecodes), None)
    pictures = {key: video.metadata[key] for key in _OF_A_STREAM if key in video.metadata}
    chapters = tuple(each for each in container.chapters() if each["time_base"])
    return Tags(file, pictures, timecode, chapters)


def _once(value: str) -> str:
    """Return a tag that is stored at two places, which newer FFmpegs join by a semicolon, once."""
    first, _, second = value.partition(";")
    return first if first == second else value


def _all(video: VideoStream) -> list[Stream]:
    return [video, *(each for each in video.container.streams if each.type == "data")]


def write_tags(
    output: OutputContainer,
    video: VideoStream,
    tags: Tags,
    rate: Fraction,
    begin: Fraction,
    end: Fraction,
) -> None:
    """Write the tags of an original, or of a part of it, before the first packet.

    Args:
      output: the file.
      video: its pictures.
      tags: those of the original.
      rate: frames per second.
      begin: of the part, in seconds by the original's clock; the start of a whole file.
      end: of the part, likewise.
    """
    output.metadata.update(tags.file)
    video.metadata.update(tags.pictures)
    if tags.timecode is not None and rate <= _MOST_A_SECOND:
        video.metadata["timecode"] = tags.timecode
    chapters = [_within(chapter, begin, end) for chapter in tags.chapters]
    output.set_chapters([each for each in chapters if each["start"] < each["end"]])


def _within(chapter: Chapter, begin: Fraction, end: Fraction) -> Chapter:
    base = chapter["time_base"]
    assert base is not None
    stored = chapter["start"] * base, chapter["end"] * base
    times = (min(max(time, begin), end) - begin for time in stored)
    start, stop = (round(time / base) for time in times)
    return {**chapter, "start": start, "end": stop}


def copy_stream_tags(original: Stream, target: Stream) -> None:
    """Give a track the language, name and role of the original's."""
    target.disposition = original.disposition
    for key in _OF_A_STREAM:
        if key in original.metadata:
            target.metadata[key] = original.metadata[key]
    language = target.metadata.get("language", "")
    if language in _LANGUAGES_OF_MOV and target.container.format.name == "mov":
        target.metadata["language"] = _LANGUAGES_OF_MOV[language]


def later(timecode: str, frames: int, rate: Fraction) -> str:
    """Return the timecode of a frame that comes some frames later.

    Args:
      timecode: as in `Tags`. Where numbers are dropped, each minute but every tenth begins with
        number 2 (4 at 59.94 frames/s), as in SMPTE 12M.
      frames: how many.
      rate: frames per second.
    """
    found = _TIMECODE.fullmatch(timecode)
    assert found is not None
    hours, minutes, seconds, frame = (int(found[index]) for index in (1, 2, 3, 5))
    a_second = max(round(rate), 1)
    dropped = a_second // 15 if found[4] != ":" else 0
    minute = 60 * hours + minutes
    number = (60 * minute + seconds) * a_second + frame - dropped * (minute - minute // 10)
    tens, rest = divmod(number + frames, 600 * a_second - 9 * dropped)
    passed = max(rest - dropped, 0) // (60 * a_second - dropped)
    seconds, frame = divmod(number + frames + dropped * (9 * tens + passed), a_second)
    minute, seconds = divmod(seconds, 60)
    hours, minute = divmod(minute, 60)
    return f"{hours % 24:02}:{minute:02}:{seconds:02}{found[4]}{frame:02}"

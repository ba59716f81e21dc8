"""ffmpeg's vidstab, which stabilises a video in two passes, detection and transformation."""

import shutil
import subprocess
from functools import cache
from pathlib import Path

from dvs_jax import clip as clips
from dvs_jax.clip import Clip
from dvs_jax.evaluation.command import run
from dvs_jax.video import VideoWriter

DETECTION = "shakiness=8:accuracy=15"
SMOOTHED_FRAMES = (10, 30)
"""Frames on each side that vidstab smooths over, in a row each: its own default, and a second."""

RESULT = "vidstab.mp4"
"""Name of the video that it makes."""

_EVEN = "crop=trunc(iw/2)*2:trunc(ih/2)*2"
"""H.264 needs an even width and height."""


@cache
def has_vidstab() -> bool:
    """Return whether there is an `ffmpeg` with vidstab's filters on the PATH."""
    if shutil.which("ffmpeg") is None:
        return False
    listed = subprocess.run(["ffmpeg", "-hide_banner", "-filters"], capture_output=True, text=True)
    return "vidstabdetect" in listed.stdout


def transformation(smoothed: int, crop: float) -> str:
    """Return the options of a transformation that zooms in by what a crop cuts off at each side.

    Args:
        smoothed: frames on each side that it smooths over.
        crop: fraction of width and height.
    """
    zoom = 100.0 * (1.0 / (1.0 - 2.0 * crop) - 1.0)
    return f"smoothing={smoothed}:optzoom=0:zoom={zoom:.4f}:interpol=bicubic"


def run_vidstab(
    clip: Clip,
    folder: Path,
    encoding: dict[str, str],
    detection: str = "",
    transformation: str = "",
) -> Path:
    """Stabilise a video by vidstab.

    Args:
        clip: its frames are stabilised as they are stored: all of a video file, and of pictures
            those that the clip uses.
        folder: where its files are made.
        encoding: options of the encoder libx264.
        detection: options of the first pass; by default the program's own.
        transformation: options of the second pass, likewise.

    Returns:
        The stabilised video, with as many frames.

    Raises:
        InputError: it failed, or the clip cannot be read.
    """
    begin = ["ffmpeg", "-y", "-loglevel", "error", "-noautorotate"]
    begin += ["-i", str(_film(clip, folder).absolute()), "-fps_mode", "passthrough", "-vf"]
    detect = ":".join(filter(None, ["vidstabdetect=result=motion.trf", detection]))
    apply = ":".join(filter(None, ["vidstabtransform=input=motion.trf", transformation]))
    options = [each for name, value in encoding.items() for each in (f"-{name}", value)]
    run([*begin, detect, "-f", "null", "-"], folder)
    run([*begin, f"{apply},{_EVEN}", "-c:v", "libx264", *options, RESULT], folder)
    return folder / RESULT


def is_film(clip: Clip) -> bool:
    """Return whether a clip is a video file, and not pictures in a folder or in memory."""
    return clip.images is None and clip.video.path.is_file()


def _film(clip: Clip, folder: Path) -> Path:
    """Return the clip's video file, or one of its pictures, made without loss."""
    if is_film(clip):
        return clip.video.path
    file = folder / "pictures.mp4"
    with VideoWriter(file, clip.video, *clip.size, crf=0, preset="ultrafast") as writer:
        for picture, time_ns in zip(clips.read_pictures(clip), clip.video.time_ns, strict=False):
            writer.write_picture(picture, int(time_ns))
    return file

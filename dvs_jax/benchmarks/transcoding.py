"""Other programs from one video file to another, for comparison with `stabilize`."""

import shutil
import subprocess
from pathlib import Path

import av
from av.video.frame import PictureType

from dvs_jax.benchmarks.process import run
from dvs_jax.clip import Clip
from dvs_jax.stabilization.settings import DEFAULT_CRF, DEFAULT_PRESET


def transcode(clip: Clip, out: Path) -> None:
    """Decode and encode a video by PyAV in one loop, with `stabilize`'s default settings."""
    options = {"crf": str(DEFAULT_CRF), "preset": DEFAULT_PRESET}
    with av.open(str(clip.video.path)) as source, av.open(str(out), "w") as output:
        video = source.streams.video[0]
        video.thread_type = "AUTO"
        width, height = clip.size
        stream = output.add_stream(
            "libx264",
            rate=clip.video.frame_rate,
            options=options,
            width=width - width % 2,
            height=height - height % 2,
            pix_fmt="yuv420p",
            time_base=clip.video.time_base,
            thread_type="FRAME",
        )
        for frame in source.decode(video):
            frame.pict_type = PictureType.NONE
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def has_vidstab() -> bool:
    """Return whether there is an `ffmpeg` with vidstab's filters on the PATH."""
    if shutil.which("ffmpeg") is None:
        return False
    listed = subprocess.run(["ffmpeg", "-hide_banner", "-filters"], capture_output=True, text=True)
    return "vidstabdetect" in listed.stdout


def run_vidstab(clip: Clip, folder: Path) -> None:
    """Stabilise a video by ffmpeg's vidstab in two passes, detection and transformation.

    Raises:
        InputError: it failed.
    """
    begin = ["ffmpeg", "-y", "-loglevel", "error", "-i", str(clip.video.path.absolute()), "-vf"]
    encode = ["-c:v", "libx264", "-preset", DEFAULT_PRESET, "-crf", str(DEFAULT_CRF)]
    for rest in (
        ["vidstabdetect=result=motion.trf", "-f", "null", "-"],
        ["vidstabtransform=input=motion.trf", *encode, "vidstab.mp4"],
    ):
        run([*begin, *rest], folder)

"""A plain transcode from one video file to another, for comparison with `stabilize`."""

from pathlib import Path

import av
from av.video.frame import PictureType

from dvs_jax.clip import Clip
from dvs_jax.stabilization.settings import DEFAULT_CRF, DEFAULT_PRESET

ENCODING = {"crf": str(DEFAULT_CRF), "preset": DEFAULT_PRESET}
"""`stabilize`'s default options of the encoder."""


def transcode(clip: Clip, out: Path) -> None:
    """Decode and encode a video by PyAV in one loop, with `stabilize`'s default settings."""
    with av.open(str(clip.video.path)) as source, av.open(str(out), "w") as output:
        video = source.streams.video[0]
        video.thread_type = "AUTO"
        width, height = clip.size
        stream = output.add_stream(
            "libx264",
            rate=clip.video.frame_rate,
            options=ENCODING,
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

"""Frames in, frames out: video files and folders of images, read and written as streams.

Nothing here holds more than a handful of frames, so memory does not grow with a film's length.
Frames are handed over as the sensor stored them. The rotation a phone notes beside them for the
player is left to `VideoInfo` and put back by `VideoWriter`, because a gyro is mounted on the
sensor and all geometry lives in the stored frame.
"""

from dvs_jax.video.color import Color
from dvs_jax.video.conversion import ToYuv
from dvs_jax.video.encoders import PRESETS
from dvs_jax.video.images import IMAGE_SUFFIXES
from dvs_jax.video.info import VideoInfo, part_of
from dvs_jax.video.picture import Shrink
from dvs_jax.video.probing import probe
from dvs_jax.video.reading import Frame, read_frames, read_pictures
from dvs_jax.video.times import NANOSECONDS
from dvs_jax.video.writer import VideoWriter

__all__ = [
    "IMAGE_SUFFIXES",
    "NANOSECONDS",
    "PRESETS",
    "Color",
    "Frame",
    "Shrink",
    "ToYuv",
    "VideoInfo",
    "VideoWriter",
    "part_of",
    "probe",
    "read_frames",
    "read_pictures",
]

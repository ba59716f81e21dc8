"""Video files and folders of images, read and written as streams of frames.

Only a few frames are held at a time, so memory does not grow with a video's length. Frames are
returned as stored, in the orientation of the sensor, because that is the gyro's frame and all
geometry is in stored pixels. The rotation for display that a phone writes into the file is
described by `VideoInfo` and written again by `VideoWriter`.
"""

from dvs_jax.video.color import Color
from dvs_jax.video.conversion import ToYuv
from dvs_jax.video.encoders import PRESETS
from dvs_jax.video.images import IMAGE_SUFFIXES, list_images
from dvs_jax.video.info import VideoInfo, part_of
from dvs_jax.video.picture import Shrink
from dvs_jax.video.probing import created_ns, probe
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
    "created_ns",
    "list_images",
    "part_of",
    "probe",
    "read_frames",
    "read_pictures",
]

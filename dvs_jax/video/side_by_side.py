"""One picture of two: the input on the left, the result on the right."""

from typing import NamedTuple

import av
import numpy as np

from dvs_jax.video import picture as pictures
from dvs_jax.video.conversion import depth_of
from dvs_jax.video.info import VideoInfo
from dvs_jax.video.size import require_size


class Arrangement(NamedTuple):
    """How two stored pictures lie beside each other, so that a player shows the input on the left.

    Attributes:
        axis: of the stored picture along which they are joined, 0 where a player turns it by a
            quarter, as a phone's held upright, else 1.
        input_first: whether the input comes first along it.
    """

    axis: int
    input_first: bool


def arrangement(info: VideoInfo) -> Arrangement:
    """Return the arrangement for a video's rotation and mirroring."""
    quarters = round(info.rotation / 90) % 4
    return Arrangement(axis=1 - quarters % 2, input_first=(quarters < 2) != info.mirrored)


def joined_size(info: VideoInfo, size: tuple[int, int]) -> tuple[int, int]:
    """Return the width and height in stored pixels of two pictures of a video together.

    Args:
        info: of the video.
        size: width and height of either, stored.

    Raises:
        InputError: it is too large for a video.
    """
    width, height = (side - side % 2 for side in size)
    both = (2 * width, height) if arrangement(info).axis == 1 else (width, 2 * height)
    require_size(info.path, *both)
    return both


def joined(source: av.VideoFrame, result: av.VideoFrame, how: Arrangement) -> av.VideoFrame:
    """Return both pictures as one.

    Args:
        source: the input's, one of `conversion.FORMATS`; its last odd row and column are left out.
        result: of that format and even size.
        how: they lie beside each other.
    """
    size = [result.width, result.height]
    size[1 - how.axis] *= 2
    both = pictures.blank((size[0], size[1]), depth_of(result))
    planes = (pictures.planes(each) for each in (both, source, result))
    for whole, before, after in zip(*planes, strict=True):
        halves = np.split(whole, 2, axis=how.axis)
        of_input, of_result = halves if how.input_first else halves[::-1]
        of_input[...] = before[: after.shape[0], : after.shape[1]]
        of_result[...] = after
    return both

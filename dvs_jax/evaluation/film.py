"""The result of another program on a clip, a stabilised video file."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from dvs_jax import video
from dvs_jax.errors import InputError
from dvs_jax.evaluation.footage import Footage
from dvs_jax.evaluation.vidstab import DETECTION, is_film, run_vidstab, transformation
from dvs_jax.video import Frame as Picture

_ENCODING = {"crf": "12", "preset": "veryfast", "pix_fmt": "yuv420p"}
"""Hardly any loss: the other methods' videos are measured without having been encoded."""


@dataclass(frozen=True)
class Film:
    """A stabilised video file.

    Attributes:
        file: the video.
        first: how many of its frames precede the first that the clip uses.
        path: None: no poses are known.
        strength: NaN.
    """

    file: Path
    first: int
    path = None
    strength = math.nan

    def pictures(self, footage: Footage) -> Iterator[Picture]:
        """Yield the frames that the clip uses, uint8 RGB [height, width, 3]."""
        return islice(video.read_frames(self.file), self.first, None)


def by_vidstab(folder: Path, smoothed: int, footage: Footage, crop: float) -> Film:
    """Return what vidstab makes of a clip, zoomed in by the crop.

    It keeps to no crop: where it moves a frame further, the frame before shows at the edge.

    Args:
        folder: for its files, which are replaced.
        smoothed: frames on each side that it smooths over.
        footage: with a clip.
        crop: fraction of width and height to cut off at each side.

    Raises:
        InputError: there are no pictures, or vidstab failed.
    """
    clip = footage.clip
    if clip is None:
        raise InputError(f"{footage.name}: has no pictures, which vidstab reads")
    own = folder / f"smoothed over {smoothed}"
    own.mkdir(exist_ok=True)
    made = run_vidstab(clip, own, _ENCODING, DETECTION, transformation(smoothed, crop))
    return Film(made, clip.first if is_film(clip) else 0)

"""The pipeline stage that warps and crops each frame."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import av

from dvs_jax.clip import Clip
from dvs_jax.stabilization.framing import Shown
from dvs_jax.stabilization.repeats import with_grids
from dvs_jax.video import picture as pictures
from dvs_jax.video.conversion import depth_of
from dvs_jax.warping import host
from dvs_jax.warping.host import Border


class Drawn(NamedTuple):
    """A drawn frame.

    Attributes:
        shown: the grid and the crop that it was drawn by.
        source: the input's picture.
        pictures: one for each output video.
    """

    shown: Shown
    source: av.VideoFrame
    pictures: list[av.VideoFrame]


def drawn(
    shown: Iterable[tuple[av.VideoFrame, Shown]], clip: Clip, uncropped: bool, border: Border
) -> Iterator[Drawn]:
    """Yield each frame warped and cropped and, if wanted, uncropped as well.

    Args:
        shown: the source's pictures, each with its grid and crop.
        clip: the source.
        uncropped: whether to draw a second, uncropped picture.
        border: what fills pixels that a frame does not cover.
    """
    width, height = clip.size
    even = width - width % 2, height - height % 2
    for picture, wanted, drawn_by in with_grids(shown):
        source = pictures.planes(picture)
        of_videos = []
        for kept in shares(drawn_by, uncropped):
            target = pictures.blank(even, depth_of(picture))
            lattice = host.lattice_map(drawn_by.frame.source, clip.size, kept)
            host.warp_planes(source, lattice, border, pictures.planes(target))
            of_videos.append(target)
        yield Drawn(wanted, picture, of_videos)


def shares(shown: Shown, uncropped: bool) -> list[float]:
    """Return the fraction of each axis that each output video shows."""
    return [shown.kept, 1.0] if uncropped else [shown.kept]

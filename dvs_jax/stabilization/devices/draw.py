"""A stretch of one clip warped on the device: frames and backward grids in, drawn frames out."""

from typing import NamedTuple

import jax
from jaxtyping import Array, Float, UInt

from dvs_jax import quaternion
from dvs_jax.warping.device import warp_planes
from dvs_jax.warping.host import Border


class Planes(NamedTuple):
    """Pictures of YCbCr 4:2:0 in limited range; NumPy arrays on the host, JAX's on the device.

    Attributes:
        luma: uint8, or uint16 of which 10 bits are used [..., height, width].
        chroma: likewise [..., rows, columns, 2], blue and red difference at half the size, rounded
            up.
    """

    luma: UInt[quaternion.Array, "*batch height width"]
    chroma: UInt[quaternion.Array, "*batch rows columns 2"]


class DrawStretch(NamedTuple):
    """A stretch of T frames to draw; NumPy arrays on the host, JAX's on the device.

    Attributes:
        pictures: [T, ...].
        source: float32 [T, rows, columns, 2], backward grids (see `warping.grid`).
        kept: float32 [T, video], the central fraction of each axis that each video shows.
    """

    pictures: Planes
    source: Float[quaternion.Array, "frame rows columns 2"]
    kept: Float[quaternion.Array, "frame video"]


def draw(stretch: DrawStretch, border: Border) -> Planes:
    """Draw every frame for every video: [T, video, ...], without a last odd row and column."""

    def draw_frame(
        picture: Planes, source: Float[Array, "rows columns 2"], kept: Float[Array, "video"]
    ) -> Planes:
        every_video = jax.vmap(lambda share: warp_planes(*picture, source, share, border))
        return Planes(*every_video(kept))

    return jax.vmap(draw_frame)(*stretch)

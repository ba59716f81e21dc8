"""A stretch of one clip drawn on the device: frames and virtual poses in, steady frames out."""

from typing import NamedTuple

import jax
from jaxtyping import Array, Float, UInt8

from dvs_jax import camera as cameras
from dvs_jax import quaternion
from dvs_jax.camera import Camera
from dvs_jax.warping.device import warp_planes
from dvs_jax.warping.host import Border


class Planes(NamedTuple):
    """Pictures of YCbCr 4:2:0 in limited range; NumPy arrays on the host, JAX's on the device.

    Attributes:
        luma: uint8 [..., height, width].
        chroma: uint8 [..., rows, columns, 2], blue and red difference at half the size, rounded up.
    """

    luma: UInt8[quaternion.Array, "*batch height width"]
    chroma: UInt8[quaternion.Array, "*batch rows columns 2"]


class Views(NamedTuple):
    """What is known of each of T frames besides its picture, likewise on either side.

    Attributes:
        pose: float32 [T, row, 4], how the camera stood while each row of the grid was exposed,
            [x, y, z, w], world to camera.
        ois: float32 [T, row, 2], lens shift then, in fractions of the frame.
        virtual: float32 [T, 4], poses of the virtual camera.
        kept: float32 [T, video], the central share of each axis that each video shows.
    """

    pose: Float[quaternion.Array, "frame row 4"]
    ois: Float[quaternion.Array, "frame row 2"]
    virtual: Float[quaternion.Array, "frame 4"]
    kept: Float[quaternion.Array, "frame video"]


class DrawStretch(NamedTuple):
    """A stretch of T frames.

    Attributes:
        pictures: [T, ...].
        views: [T, ...].
        lens: float32 [4], the camera's focal lengths and principal point (see `Camera`).
    """

    pictures: Planes
    views: Views
    lens: Float[quaternion.Array, "4"]


def lens_of(camera: Camera) -> tuple[float, float, float, float]:
    """Return the numbers of a camera that drawing needs."""
    return (*camera.focal_length, *camera.principal_point)


# By default accelerators multiply matrices in 10 bits or less: that is pixels of a full HD frame.
@jax.default_matmul_precision("highest")
def draw(stretch: DrawStretch, border: Border) -> Planes:
    """Draw every frame for every video: [T, video, ...], without a last odd row and column."""
    height, width = stretch.pictures.luma.shape[1:]
    views = stretch.views
    # Traced numbers in place of fixed ones: cameras that differ share a compilation.
    focal_x, focal_y, center_x, center_y = stretch.lens
    camera = Camera((focal_x, focal_y), (center_x, center_y))
    grids = cameras.warp_grid(camera, (width, height), views.pose, views.ois, views.virtual)

    def draw_frame(
        picture: Planes, grid: Float[Array, "row column 4"], kept: Float[Array, "video"]
    ) -> Planes:
        every_video = jax.vmap(lambda share: warp_planes(*picture, grid, share, border))
        return Planes(*every_video(kept))

    return jax.vmap(draw_frame)(stretch.pictures, grids, views.kept)

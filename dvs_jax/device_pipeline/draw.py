"""A stretch of one clip drawn on the device: frames and virtual poses in, steady frames out."""

from functools import partial
from typing import NamedTuple

import jax
from jaxtyping import Array, Float, UInt8

from dvs_jax import camera as cameras
from dvs_jax import quaternion
from dvs_jax.camera import Camera
from dvs_jax.device_warp import warp_frame
from dvs_jax.warp import Border


class DrawStretch(NamedTuple):
    """What is known of a stretch of T frames; NumPy arrays on the host, JAX's on the device.

    Attributes:
        frames: uint8 [T, height, width, 3], RGB.
        pose: float32 [T, row, 4], how the camera stood while each row of the grid was exposed,
            [x, y, z, w], world to camera.
        ois: float32 [T, row, 2], lens shift then, in fractions of the frame.
        virtual: float32 [T, 4], poses of the virtual camera.
        lens: float32 [4], the camera's focal lengths and principal point (see `Camera`).
        kept: float32 [video], the central share of each axis that each video shows.
    """

    frames: UInt8[quaternion.Array, "frame height width 3"]
    pose: Float[quaternion.Array, "frame row 4"]
    ois: Float[quaternion.Array, "frame row 2"]
    virtual: Float[quaternion.Array, "frame 4"]
    lens: Float[quaternion.Array, "4"]
    kept: Float[quaternion.Array, "video"]


def draw(stretch: DrawStretch, border: Border) -> UInt8[Array, "frame video height width 3"]:
    """Draw every frame for every video."""
    height, width = stretch.frames.shape[1:3]
    # Traced numbers in place of fixed ones: cameras that differ share a compilation.
    lens = Camera((stretch.lens[0], stretch.lens[1]), (stretch.lens[2], stretch.lens[3]))
    grids = cameras.warp_grid(lens, (width, height), stretch.pose, stretch.ois, stretch.virtual)
    one = partial(warp_frame, border=border)
    every_video = jax.vmap(one, in_axes=(None, None, 0))
    return jax.vmap(every_video, in_axes=(0, 0, None))(stretch.frames, grids, stretch.kept)

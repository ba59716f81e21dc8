"""Backward grids from camera poses: a rolling-shutter camera's frames, seen by a virtual camera."""

from functools import partial

import jax
from jaxtyping import Array, Float

from dvs_jax import camera as cameras
from dvs_jax.camera import Camera
from dvs_jax.warping.mesh import backward_grid


# By default accelerators multiply matrices with mantissas of 10 bits or less, which would shift a
# full HD frame by whole pixels.
@partial(jax.jit, static_argnames=("size", "shape"))
@jax.default_matmul_precision("highest")
def source_grids(
    camera: Camera,
    pose: Float[Array, "frame row 4"],
    ois: Float[Array, "frame row 2"],
    virtual: Float[Array, "frame 4"],
    *,
    size: tuple[int, int],
    shape: tuple[int, int],
) -> Float[Array, "frame rows columns 2"]:
    """Return frames' backward grids for virtual poses: `camera.warp_grid`, inverted by `mesh`.

    It is compiled once for each size, shape and number of frames; the camera's numbers are traced.

    Args:
        camera: real and virtual alike.
        pose: float32, the camera's pose while each of the mesh's rows was exposed, [x, y, z, w],
            world to camera.
        ois: float32, lens shift at these times, in fractions of the frame.
        virtual: float32, the virtual camera's poses.
        size: width and height of the frames in pixels.
        shape: rows and columns of the grids.

    Returns:
        float32 backward grids, differentiable with respect to the camera and to all poses.
    """
    meshes = cameras.warp_grid(camera, size, pose, ois, virtual)
    return jax.vmap(lambda mesh: backward_grid(mesh, size, shape))(meshes)

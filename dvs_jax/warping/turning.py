"""The backward grids of a camera that turns while its rows are exposed, seen by another pose."""

from functools import partial

import jax
from jaxtyping import Array, Float

from dvs_jax import camera as cameras
from dvs_jax.camera import Camera
from dvs_jax.warping.mesh import backward_grid


# By default accelerators multiply matrices in 10 bits or less: that is pixels of a full HD frame.
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
    """Return what virtual poses show of frames (see `camera.warp_grid` and `mesh.backward_grid`).

    It is compiled once for each size, shape and number of frames; the camera's numbers are traced.

    Args:
        camera: real and virtual alike.
        pose: float32, how the camera stood while each of the mesh's rows was exposed,
            [x, y, z, w], world to camera.
        ois: float32, lens shift then, in shares of the frame.
        virtual: float32, the virtual camera's poses.
        size: width and height of the frames in pixels.
        shape: rows and columns of the grids.

    Returns:
        float32 backward grids, differentiable with respect to the camera and to all poses.
    """
    meshes = cameras.warp_grid(camera, size, pose, ois, virtual)
    return jax.vmap(lambda mesh: backward_grid(mesh, size, shape))(meshes)

"""Backward grids from camera poses: a rolling-shutter camera's frames, seen by a virtual camera."""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from dvs_jax import camera as cameras
from dvs_jax import quaternion
from dvs_jax.camera import Camera
from dvs_jax.warping.grid import output_points
from dvs_jax.warping.mesh import backward_grid

_ROW_STEPS = 6
"""Steps that find the row at which a point was exposed. Each multiplies the error by the image's
speed · readout time / height: 0.05 in a pan, 0.2 in strong shake."""


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
    """Return frames' backward grids for virtual poses.

    Without a lens they are `camera.warp_grid`, inverted by `mesh`. With one, each output point's
    direction is projected through it at the row where it was exposed: exact at each point.

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
    if camera.lens is not None:
        through_lens = partial(_through_lens, camera, size, shape)
        return jax.vmap(through_lens)(pose, ois, virtual)
    meshes = cameras.warp_grid(camera, size, pose, ois, virtual)
    return jax.vmap(lambda mesh: backward_grid(mesh, size, shape))(meshes)


def _through_lens(
    camera: Camera,
    size: tuple[int, int],
    shape: tuple[int, int],
    pose: Float[Array, "row 4"],
    ois: Float[Array, "row 2"],
    virtual: Float[Array, "4"],
) -> Float[Array, "rows columns 2"]:
    """Return one frame's backward grid through its camera's lens."""
    point = jnp.asarray(output_points(*shape), pose.dtype)
    wanted = cameras.shown_direction(camera, size, point)
    back = jnp.broadcast_to(quaternion.conjugate(virtual), pose.shape)
    turn = quaternion.to_matrix(quaternion.multiply(pose, back))

    def step(_: Int[Array, ""], source: Float[Array, "rows columns 2"]) -> Array:
        weight = _row_weights(source[..., 1] - 0.5 / size[1], len(pose))
        direction = jnp.einsum("hwr,rij,hwj->hwi", weight, turn, wanted)
        return cameras.seen_point(camera, size, direction, weight @ ois)

    return jax.lax.fori_loop(0, _ROW_STEPS, step, point)


def _row_weights(
    share: Float[Array, "rows columns"], rows: int
) -> Float[Array, "rows columns row"]:
    """Return weights that interpolate between rows at shares of the readout time.

    Before the first row and after the last one, these are held.
    """
    place = jnp.clip(share, 0.0, 1.0)[..., None] * (rows - 1)
    row = jnp.broadcast_to(jnp.arange(rows, dtype=share.dtype), (*share.shape, rows))
    return jnp.maximum(1.0 - jnp.abs(place - row), 0.0)

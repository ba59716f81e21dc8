"""Maps of numbers sampled at points: pictures, features, displacements of a mesh's vertices.

Points are in the plane of a picture: (x, y) in widths, about the picture's centre.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from dvs_jax.warping import grid as grids


class Raster(NamedTuple):
    """Where the cells of a map lie in the plane of a picture.

    Attributes:
        step: width of a cell, in widths of the picture.
        aspect: height over width of the picture.
    """

    step: float
    aspect: float

    def points(self, rows: int, columns: int) -> Float[Array, "rows columns 2"]:
        """Return the centres of the cells."""
        x = (jnp.arange(columns, dtype=jnp.float32) + 0.5) * self.step - 0.5
        y = (jnp.arange(rows, dtype=jnp.float32) + 0.5) * self.step - 0.5 * self.aspect
        return jnp.stack(jnp.meshgrid(x, y), axis=-1)

    def sampled(
        self, values: Float[Array, "rows columns channel"], point: Float[Array, "*point 2"]
    ) -> tuple[Float[Array, "*point channel"], Bool[Array, "*point"]]:
        """Return a map's bilinear samples, and which of the points lie among its cells."""
        rows, columns, channels = values.shape
        corner = _broadcast((0.5, 0.5 * self.aspect), point)
        place = (point + corner) / self.step - 0.5
        last = _broadcast((columns - 1.0, rows - 1.0), point)
        inside = ((place >= 0.0) & (place <= last)).all(axis=-1)
        place = jnp.clip(place, 0.0, last)
        first = jnp.minimum(jnp.floor(place), last - 1.0)
        share = place - first
        index = (first[..., 1] * columns + first[..., 0]).astype(jnp.int32)
        flat = values.reshape(-1, channels)
        right, down = share[..., 0, None], share[..., 1, None]
        upper = flat[index] * (1.0 - right) + flat[index + 1] * right
        lower = flat[index + columns] * (1.0 - right) + flat[index + columns + 1] * right
        return upper * (1.0 - down) + lower * down, inside


def at_vertices(
    mesh: Float[Array, "rows columns 2"], point: Float[Array, "*point 2"], aspect: float
) -> Float[Array, "*point 2"]:
    """Return a mesh's displacements, bilinearly between its vertices, at points of a picture."""
    share = point / _broadcast((1.0, aspect), point) + 0.5
    flat = jnp.clip(share.reshape(-1, 2), 0.0, 1.0)
    return grids.at_points(mesh, flat[:, 1], flat[:, 0]).reshape(point.shape)


def _broadcast(
    pair: tuple[float, float], like: Float[Array, "*point 2"]
) -> Float[Array, "*point 2"]:
    return jnp.broadcast_to(jnp.asarray(pair, jnp.float32), like.shape)

"""A camera over a plane: a similarity of the picture, composed exactly.

A camera is float32 [4]: x and y of its place, its roll in radians and the logarithm of its zoom.
A point X of the plane is seen at z (X − C), where C is the place and z = exp(log zoom + i roll)
turns and scales; the plane is the picture of any one frame, whose camera is zero. Adding motions up
per coordinate instead would be wrong by angle × offset once the camera has moved away.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

Camera = Float[Array, "*frame 4"]
Point = Float[Array, "*point 2"]


def turned(point: Point, turn: Camera) -> Point:
    """Return points scaled by exp(turn[3]) and turned by turn[2] from x to y, about the centre."""
    scale = jnp.exp(turn[..., 3])
    cosine, sine = scale * jnp.cos(turn[..., 2]), scale * jnp.sin(turn[..., 2])
    x, y = point[..., 0], point[..., 1]
    return jnp.stack([cosine * x - sine * y, sine * x + cosine * y], axis=-1)


def plane_of(point: Point, camera: Camera) -> Point:
    """Return the point of the plane that a camera sees at `point`."""
    return turned(point, -camera) + jnp.broadcast_to(camera[..., :2], point.shape)


def seen_from(origin: Camera, camera: Camera) -> Camera:
    """Return cameras over the plane of `origin`'s picture instead of the one that both have."""
    origin = jnp.broadcast_to(origin, camera.shape)
    place = turned(camera[..., :2] - origin[..., :2], origin)
    return jnp.concatenate([place, camera[..., 2:] - origin[..., 2:]], axis=-1)


def beside(origin: Camera, relative: Camera) -> Camera:
    """Return a camera over `origin`'s plane that is told over the plane of its picture.

    The inverse of `plane.seen_from`.
    """
    place = plane_of(relative[..., :2], origin)
    return jnp.concatenate([place, origin[..., 2:] + relative[..., 2:]], axis=-1)


def after(camera: Camera, motion: Float[Array, "*frame 4"]) -> Camera:
    """Return the camera after the picture's content has moved.

    Args:
        camera: before.
        motion: content seen at p is now seen at z p + t: t, roll and log zoom of z.
    """
    place = turned(-motion[..., :2], -motion)
    place = turned(place, -camera) + camera[..., :2]
    return jnp.concatenate([place, camera[..., 2:] + motion[..., 2:]], axis=-1)

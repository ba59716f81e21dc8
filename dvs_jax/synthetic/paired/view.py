"""What a camera sees of a scene."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt32

from dvs_jax.synthetic.paired import pose as poses
from dvs_jax.synthetic.paired.scene import LAYERS, Layer, Scene

_DARKEST = 1e-3
"""A grey value above zero, of which any power has a finite slope."""


class Moment(NamedTuple):
    """When a scene is looked at, and from where.

    Attributes:
        time_s: float32 [], which moves what moves by itself.
        centre: float32 [3], how far the camera has moved to the right and down (in pixels of a 640
            wide frame by which the nearest possible layer is displaced) and forward (logarithm of
            that layer's magnification).
    """

    time_s: Float[Array, ""]
    centre: Float[Array, "3"]


def view(
    scene: Scene,
    pose: Float[Array, "6"],
    moment: Moment,
    size: tuple[int, int],
    sweep: Float[Array, "6"] | None = None,
) -> Float[Array, "rows columns"]:
    """Draw the picture of a frame.

    Args:
        scene: what is looked at.
        pose: where the frame looks, see `pose`.
        moment: frames of equal moments differ by a homography alone.
        size: width and height in pixels.
        sweep: with a rolling shutter, how much the pose changes from the picture's upper edge to
            its lower; `pose` is that of its middle.

    Returns:
        float32 grey values, 0 to 1.
    """
    columns, rows = size
    unit = poses.WIDTH / columns
    x = (jnp.arange(columns, dtype=jnp.float32) + 0.5) * unit - poses.WIDTH / 2
    y = (jnp.arange(rows, dtype=jnp.float32) + 0.5 - rows / 2) * unit
    change = jnp.zeros(poses.TERMS) if sweep is None else sweep
    to_scene = jax.vmap(lambda share: poses.matrix(pose + share * change))(y / (rows * unit))
    seen = jnp.zeros((rows, columns))
    for number in range(LAYERS):
        layer = Layer(*(each[number] for each in scene.layers))
        across, down = _positions(_to_layer(layer, moment) @ to_scene, x, y)
        grey = layer.gain * _sampled(layer.texture, across, down) + layer.bias
        seen = seen + (grey - seen) * _opacity(layer, across, down)
    return jnp.clip(seen, _DARKEST, 1.0) ** scene.gamma


def _to_layer(layer: Layer, moment: Moment) -> Float[Array, "3 3"]:
    """Return the affine matrix from the scene's points to a layer's at a moment."""
    x, y, forward = moment.centre
    swing = jnp.sin(2.0 * jnp.pi * layer.sway_hz * moment.time_s)
    own = layer.velocity * moment.time_s + layer.sway * swing
    shift = layer.parallax * jnp.stack([x, y]) - own
    linear = jnp.exp(-layer.parallax * forward) * layer.linear
    offset = layer.linear @ shift + layer.offset
    return jnp.eye(3).at[:2, :2].set(linear).at[:2, 2].set(offset)


def _positions(
    matrix: Float[Array, "row 3 3"], x: Float[Array, "column"], y: Float[Array, "row"]
) -> tuple[Float[Array, "row column"], Float[Array, "row column"]]:
    """Return where each row's homography brings the row's points."""
    constant = matrix[:, :, 1] * y[:, None] + matrix[:, :, 2]
    parts = matrix[:, :, 0, None] * x[None, None] + constant[:, :, None]
    inverse = 1.0 / parts[:, 2]
    return parts[:, 0] * inverse, parts[:, 1] * inverse


def _sampled(
    texture: UInt32[Array, "rows columns"],
    x: Float[Array, "row column"],
    y: Float[Array, "row column"],
) -> Float[Array, "row column"]:
    """Return bilinear samples of a packed photograph, 0 to 1, mirrored beyond its edges."""
    rows, columns = texture.shape
    x, y = _mirrored(x, columns), _mirrored(y, rows)
    left, top = jnp.floor(x), jnp.floor(y)
    index = (top * columns + left).astype(jnp.int32)
    four = texture.reshape(-1).at[index].get(mode="promise_in_bounds")
    bytes_ = [(four >> place & 255).astype(jnp.float32) for place in (0, 8, 16, 24)]
    right, down = x - left, y - top
    upper = bytes_[0] + (bytes_[1] - bytes_[0]) * right
    lower = bytes_[2] + (bytes_[3] - bytes_[2]) * right
    return (upper + (lower - upper) * down) / 255.0


def _mirrored(position: Float[Array, "..."], length: int) -> Float[Array, "..."]:
    """Fold positions into the pixels 0 to length − 1, about the centres of the outermost two."""
    period = 2.0 * (length - 1)
    within = position - period * jnp.floor(position / period)
    return jnp.clip(jnp.minimum(within, period - within), 0.0, length - 1.0)


def _opacity(
    layer: Layer, x: Float[Array, "row column"], y: Float[Array, "row column"]
) -> Float[Array, "row column"]:
    """Return how much of a layer covers what is behind it, 0 to 1."""
    rows, columns = layer.texture.shape
    x, y = _mirrored(x, columns), _mirrored(y, rows)
    height = jnp.zeros_like(x)
    for blob_x, blob_y, radius in layer.blobs:
        distance = ((x - blob_x) ** 2 + (y - blob_y) ** 2) / radius**2
        height = height + 1.0 / (1.0 + distance)
    return jnp.clip((height - layer.level) * layer.hardness + 0.5, 0.0, 1.0)

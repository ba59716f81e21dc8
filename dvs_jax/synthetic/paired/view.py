"""What a camera sees of a scene."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt32

from dvs_jax.synthetic.paired import pose as poses
from dvs_jax.synthetic.paired.scene import LAYERS, Layer, Scene


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
) -> Float[Array, "rows columns *channel"]:
    """Draw the picture of a frame, in grey or in colour as the scene's photographs are.

    Args:
        scene: what is looked at.
        pose: where the frame looks, see `pose`.
        moment: frames of equal moments differ by a homography alone.
        size: width and height in pixels.
        sweep: with a rolling shutter, how much the pose changes from the picture's upper edge to
            its lower; `pose` is that of its middle.

    Returns:
        float32, 0 to 1.
    """
    columns, rows = size
    unit = poses.WIDTH / columns
    x = (jnp.arange(columns, dtype=jnp.float32) + 0.5) * unit - poses.WIDTH / 2
    y = (jnp.arange(rows, dtype=jnp.float32) + 0.5 - rows / 2) * unit
    change = jnp.zeros(poses.TERMS) if sweep is None else sweep
    to_scene = jax.vmap(lambda share: poses.matrix(pose + share * change))(y / (rows * unit))
    in_layer = jax.vmap(_affine, (0, None))(scene.layers, moment)
    texture = scene.layers.texture
    across, down = _mirrored(in_layer, _positions(to_scene, x, y), texture.shape[-2:])
    channels = jnp.moveaxis(texture.reshape(LAYERS, -1, *texture.shape[-2:]), 1, 0)
    sampled = [_sampled(channel, across, down) for channel in channels]
    brightness = sum(sampled[1:], sampled[0]) / len(sampled)
    opacity = jax.vmap(_opacity)(scene.layers, across, down, brightness)
    seen = [_overlaid(scene, channel, opacity) for channel in sampled]
    return seen[0] if texture.ndim == 3 else jnp.stack(seen, axis=-1)


def _overlaid(
    scene: Scene,
    sampled: Float[Array, "layer row column"],
    opacity: Float[Array, "layer row column"],
) -> Float[Array, "row column"]:
    """Lay layers over one another, from the farthest to the nearest, and darken or lighten them."""
    shown = jax.vmap(lambda layer, each: layer.gain * each + layer.bias)(scene.layers, sampled)
    seen = shown[0]
    for number in range(1, LAYERS):
        seen = seen + (shown[number] - seen) * opacity[number]
    seen = jnp.clip(seen, 0.0, 1.0)
    return seen / (seen + scene.darkening * (1.0 - seen))


def _affine(layer: Layer, moment: Moment) -> Float[Array, "2 3"]:
    """Return the map from the scene's points to a layer's at a moment."""
    x, y, forward = moment.centre
    swing = jnp.sin(2.0 * jnp.pi * layer.sway_hz * moment.time_s)
    own = layer.velocity * moment.time_s + layer.sway * swing
    offset = layer.linear @ (layer.parallax * jnp.stack([x, y]) - own) + layer.offset
    linear = jnp.exp(-layer.parallax * forward) * layer.linear
    return jnp.concatenate([linear, offset[:, None]], axis=1)


def _positions(
    matrix: Float[Array, "row 3 3"], x: Float[Array, "column"], y: Float[Array, "row"]
) -> tuple[Float[Array, "row column"], Float[Array, "row column"]]:
    """Return where each row's homography brings the row's points."""
    constant = matrix[:, :, 1] * y[:, None] + matrix[:, :, 2]
    parts = matrix[:, :, 0, None] * x[None, None] + constant[:, :, None]
    inverse = 1.0 / parts[:, 2]
    return parts[:, 0] * inverse, parts[:, 1] * inverse


def _mirrored(
    affine: Float[Array, "layer 2 3"],
    points: tuple[Float[Array, "row column"], Float[Array, "row column"]],
    shape: tuple[int, ...],
) -> tuple[Float[Array, "layer row column"], Float[Array, "layer row column"]]:
    """Return positions in layers of so many rows and columns, folded about the outermost pixels."""
    x, y = points
    folded = []
    for axis, length in enumerate(shape[::-1]):
        factors = affine[:, axis, :, None, None]
        position = factors[:, 0] * x[None] + factors[:, 1] * y[None] + factors[:, 2]
        period = 2.0 * (length - 1)
        within = position - period * jnp.floor(position * (1.0 / period))
        folded.append(jnp.clip(jnp.minimum(within, period - within), 0.0, length - 1.0))
    return folded[0], folded[1]


def _sampled(
    textures: UInt32[Array, "layer rows columns"],
    x: Float[Array, "layer row column"],
    y: Float[Array, "layer row column"],
) -> Float[Array, "layer row column"]:
    """Return bilinear samples of packed photographs, 0 to 1."""
    left, top = jnp.floor(x), jnp.floor(y)
    index = (top * textures.shape[2] + left).astype(jnp.int32)
    flat = textures.reshape(len(textures), -1)
    # A loop of its own: fused with the arithmetic around it, XLA vectorises none of that on a CPU.
    four = jax.lax.map(
        lambda each: each[0].at[each[1]].get(mode="promise_in_bounds"), (flat, index)
    )
    corners = [(four >> place & 255).astype(jnp.float32) for place in (0, 8, 16, 24)]
    right, down = x - left, y - top
    upper = corners[0] + (corners[1] - corners[0]) * right
    lower = corners[2] + (corners[3] - corners[2]) * right
    return (upper + (lower - upper) * down) * (1.0 / 255.0)


def _opacity(
    layer: Layer,
    x: Float[Array, "row column"],
    y: Float[Array, "row column"],
    grey: Float[Array, "row column"],
) -> Float[Array, "row column"]:
    """Return how much of a layer covers what is behind it, 0 to 1.

    The photograph's grey values raise and lower the blobs, which makes their outlines ragged.
    """
    height = layer.raggedness * (grey - 0.5)
    for blob_x, blob_y, radius in layer.blobs:
        distance = ((x - blob_x) ** 2 + (y - blob_y) ** 2) / radius**2
        height = height + 1.0 / (1.0 + distance)
    return jnp.clip((height - layer.level) * layer.hardness + 0.5, 0.0, 1.0)

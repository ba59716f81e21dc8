"""A scene of flat layers at several depths, each a piece of a photograph.

The first layer fills everything and is infinitely far away. The others are blobs that hide what is
behind them: they move by parallax as the camera moves, and the last also by itself, as a person or
a car would. A layer goes on beyond its photograph as the photograph's mirror image, blobs and all.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt8, UInt32

from dvs_jax.synthetic.paired.pose import WIDTH

LAYERS = 4
BLOBS = 4
"""In each layer: they melt into one another where they meet."""
CHANCE_OF_LAYER = 0.55
"""That one of the nearer layers is there."""

_NEVER, _ALWAYS = 1e3, -1e3


class Layer(NamedTuple):
    """A plane parallel to the frame; its unit of length is its photograph's pixel.

    Attributes:
        texture: uint32 [rows, columns] or [channel, rows, columns], of `packed`.
        linear: float32 [2, 2], from the scene (see `pose`) to the layer.
        offset: float32 [2], where the scene's origin lies in the layer.
        parallax: float32 [], share of the camera's movement by which the layer is displaced.
        velocity: float32 [2], by which the layer itself moves in the scene, a second.
        sway: float32 [2], amplitude of its swaying in the scene.
        sway_hz: float32 [].
        blobs: float32 [blob, 3], x, y and radius in the layer.
        level: float32 [], where the blobs' edge is: 0.5, or far off for all or nothing.
        hardness: float32 [], how quickly a blob becomes opaque.
        raggedness: float32 [], how much the photograph's grey values shape the blobs' outlines.
        gain: float32 [], contrast.
        bias: float32 [], added to its grey values.
    """

    texture: UInt32[Array, "*channel rows columns"]
    linear: Float[Array, "*layer 2 2"]
    offset: Float[Array, "*layer 2"]
    parallax: Float[Array, "*layer"]
    velocity: Float[Array, "*layer 2"]
    sway: Float[Array, "*layer 2"]
    sway_hz: Float[Array, "*layer"]
    blobs: Float[Array, "*layer blob 3"]
    level: Float[Array, "*layer"]
    hardness: Float[Array, "*layer"]
    raggedness: Float[Array, "*layer"]
    gain: Float[Array, "*layer"]
    bias: Float[Array, "*layer"]


class Scene(NamedTuple):
    """What a camera looks at.

    Attributes:
        layers: stacked, from the farthest to the nearest.
        darkening: float32 [], how many times darker the dark greys are shown than they are;
            black and white stay what they are.
    """

    layers: Layer
    darkening: Float[Array, ""]


def packed(
    photographs: UInt8[Array, "*photographs rows columns"],
) -> UInt32[Array, "*photographs rows columns"]:
    """Put each pixel and its neighbours to the right, below, and below right into one number.

    So a bilinear sample takes one look into memory instead of four.

    Args:
        photographs: uint8, a channel each.

    Returns:
        uint32, the pixel itself in its lowest byte; what the last row and column lack is theirs.
    """
    below = jnp.concatenate([photographs[..., 1:, :], photographs[..., -1:, :]], axis=-2)
    number = jnp.zeros(photographs.shape, jnp.uint32)
    for place, each in enumerate([photographs, below]):
        right = jnp.concatenate([each[..., 1:], each[..., -1:]], axis=-1)
        two = each.astype(jnp.uint32) | right.astype(jnp.uint32) << 8
        number = number | two << (16 * place)
    return number


def draw_scene(
    key: Array, photographs: UInt32[Array, "photograph *channel rows columns"], width: int
) -> Scene:
    """Draw a scene of random photographs.

    Args:
        key: of the random numbers; equal keys give equal scenes.
        photographs: of `packed`; equally large pieces of photographs, at many scales.
        width: columns of the pictures to be drawn, which sharpness is made for: a photograph has
            0.8 to 1.6 pixels for each of theirs.
    """
    keys = iter(jax.random.split(key, 12))
    which = jax.random.randint(next(keys), (LAYERS,), 0, len(photographs))
    size = jnp.asarray(photographs.shape[:-3:-1], jnp.float32)
    density = jnp.exp(_uniform(next(keys), (LAYERS,), -0.22, 0.47)) * (width / WIDTH)
    blobs, hardness = _draw_blobs(next(keys), size)
    velocity, sway, sway_hz = _draw_own_motion(next(keys))
    layers = Layer(
        texture=photographs[which],
        linear=_draw_linear(next(keys), density),
        offset=size[None] * _uniform(next(keys), (LAYERS, 2), 0.25, 0.75),
        parallax=_draw_parallax(next(keys)),
        velocity=velocity,
        sway=sway,
        sway_hz=sway_hz,
        blobs=blobs,
        level=_draw_levels(next(keys)),
        hardness=hardness,
        raggedness=_uniform(next(keys), (LAYERS,), 0.0, 0.8),
        gain=_uniform(next(keys), (LAYERS,), 0.6, 1.1),
        bias=_uniform(next(keys), (LAYERS,), -0.15, 0.15),
    )
    return Scene(layers, jnp.exp(_uniform(next(keys), (), -0.8, 0.8)))


def _uniform(key: Array, shape: tuple[int, ...], low: float, high: float) -> Float[Array, "..."]:
    return jax.random.uniform(key, shape, jnp.float32, low, high)


def _draw_linear(key: Array, density: Float[Array, "layer"]) -> Float[Array, "layer 2 2"]:
    """Turn each photograph a little, and mirror half of them."""
    turning, flipping = jax.random.split(key)
    angle = 0.2 * jax.random.normal(turning, (LAYERS,))
    flip = jax.random.rademacher(flipping, (LAYERS,), jnp.float32)
    cos, sin = density * jnp.cos(angle), density * jnp.sin(angle)
    return jnp.stack([flip * cos, -flip * sin, sin, cos], axis=-1).reshape(LAYERS, 2, 2)


def _draw_parallax(key: Array) -> Float[Array, "layer"]:
    drawn = jnp.sort(jnp.exp(_uniform(key, (LAYERS - 1,), math.log(0.05), 0.0)))
    return jnp.concatenate([jnp.zeros(1), drawn])


def _draw_own_motion(
    key: Array,
) -> tuple[Float[Array, "layer 2"], Float[Array, "layer 2"], Float[Array, "layer"]]:
    """Return velocity, sway and its frequency; only the last layer moves."""
    keys = jax.random.split(key, 3)
    last = jnp.zeros((LAYERS, 2)).at[-1].set(1.0)
    velocity = 80.0 * last * jax.random.normal(keys[0], (LAYERS, 2))
    sway = 8.0 * last * jax.random.normal(keys[1], (LAYERS, 2))
    return velocity, sway, _uniform(keys[2], (LAYERS,), 0.3, 3.0)


def _draw_blobs(
    key: Array, size: Float[Array, "2"]
) -> tuple[Float[Array, "layer blob 3"], Float[Array, "layer"]]:
    """Return blobs and their hardness, for edges 1 to 12 pixels of the photograph wide."""
    keys = jax.random.split(key, 4)
    centre = size[None, None] * _uniform(keys[0], (LAYERS, BLOBS, 2), 0.05, 0.95)
    share = jnp.exp(_uniform(keys[1], (LAYERS, 1), math.log(0.03), math.log(0.2)))
    radius = size.min() * share * _uniform(keys[2], (LAYERS, BLOBS), 0.5, 1.5)
    edge = jnp.exp(_uniform(keys[3], (LAYERS,), 0.0, math.log(12.0)))
    # Half-way up, a blob's slope is half the inverse of its radius.
    hardness = 2.0 * radius.mean(axis=-1) / edge
    return jnp.concatenate([centre, radius[..., None]], axis=-1), hardness


def _draw_levels(key: Array) -> Float[Array, "layer"]:
    shown = jax.random.bernoulli(key, CHANCE_OF_LAYER, (LAYERS,))
    return jnp.where(shown, 0.5, _NEVER).at[0].set(_ALWAYS)

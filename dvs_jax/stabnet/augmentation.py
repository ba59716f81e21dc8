"""The official augmentation: an enlarged picture's crop, mirrored or not, brighter or darker.

Points lie in [−1, 1]. All functions take one example; `vmap` them, and the keys, for more.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from dvs_jax.stabnet import official_warp

ENLARGED = 0.9
"""The share of the enlarged picture's sides that a crop has."""

_CONTRAST, _BRIGHTNESS = (0.5, 1.5), 32.0 / 255.0
_BRIGHTEST = 0.5
_TILT, _SHIFT = 0.1, 0.5


class Change(NamedTuple):
    """What is done to all pictures of an example.

    Attributes:
        row: first row of the crop, in pixels of the enlarged picture.
        column: first column.
        mirrored: whether left becomes right.
        contrast: factor on the differences from each picture's mean.
        brightness: added to it.
    """

    row: Int[Array, ""]
    column: Int[Array, ""]
    mirrored: Bool[Array, ""]
    contrast: Float[Array, ""]
    brightness: Float[Array, ""]


def enlarged(size: tuple[int, int]) -> tuple[int, int]:
    """Return the width and height of the picture that crops of a size are cut out of.

    568 × 320 for 512 × 288.
    """
    width, height = (int(length / ENLARGED) for length in size)
    return width, height


def draw(key: PRNGKeyArray, size: tuple[int, int]) -> Change:
    """Draw a change; as officially, it mirrors where row and column add up to an odd number.

    Args:
        key: randomness.
        size: width and height of the pictures.
    """
    keys = jax.random.split(key, 4)
    width, height = (large - small for large, small in zip(enlarged(size), size, strict=True))
    row = jax.random.randint(keys[0], (), 0, height)
    column = jax.random.randint(keys[1], (), 0, width)
    return Change(
        row,
        column,
        (row + column) % 2 == 1,
        jax.random.uniform(keys[2], (), jnp.float32, *_CONTRAST),
        jax.random.uniform(keys[3], (), jnp.float32, -_BRIGHTNESS, _BRIGHTNESS),
    )


def picture(image: Float[Array, "height width"], change: Change) -> Float[Array, "height width"]:
    """Return a changed picture.

    Args:
        image: grey in [−0.5, 0.5].
        change: the same for all pictures of an example.
    """
    cut = _cropped(image, change)
    mean = cut.mean()
    return jnp.clip(
        (cut - mean) * change.contrast + mean + change.brightness, -_BRIGHTEST, _BRIGHTEST
    )


def flow(
    position: Float[Array, "height width 2"], change: Change
) -> Float[Array, "height width 2"]:
    """Return changed flow, given as absolute positions (see `losses.temporal_difference`)."""
    height, width = position.shape[:2]
    cut = jax.vmap(_cropped, (-1, None), -1)(position, change)
    return _moved(cut, change, (width, height))


def matches(
    match: Float[Array, "match 4"],
    valid: Bool[Array, "match"],
    change: Change,
    size: tuple[int, int],
) -> tuple[Float[Array, "match 4"], Bool[Array, "match"]]:
    """Return changed matches, and which of them still count: those with both points inside.

    Args:
        match: two points (x, y) each.
        valid: which of them count.
        change: what is done.
        size: width and height of the pictures.
    """
    moved = jnp.concatenate(
        [_moved(match[:, axes], change, size) for axes in (slice(2), slice(2, 4))], -1
    )
    return moved, valid & (jnp.abs(moved) <= 1.0).all(-1)


def _cropped(image: Float[Array, "height width"], change: Change) -> Float[Array, "height width"]:
    """Return the crop of an enlarged picture, mirrored where told.

    Enlarged as TensorFlow 1 did: pixel i is looked up at i · scale, without half a pixel.
    """
    height, width = image.shape
    to_width, to_height = enlarged((width, height))
    column = change.column + jnp.arange(width)
    column = jnp.where(change.mirrored, column[::-1], column)
    across = _interpolated(image.T, column, width / to_width).T
    return _interpolated(across, change.row + jnp.arange(height), height / to_height)


def _interpolated(
    image: Float[Array, "line other"], line: Int[Array, "wanted"], scale: float
) -> Float[Array, "wanted other"]:
    place = line * scale
    first = jnp.floor(place).astype(jnp.int32)
    share = jnp.broadcast_to((place - first)[:, None], (len(line), image.shape[1]))
    before, after = (image[jnp.minimum(first + step, len(image) - 1)] for step in (0, 1))
    return before + (after - before) * share


def _moved(
    point: Float[Array, "*place 2"], change: Change, size: tuple[int, int]
) -> Float[Array, "*place 2"]:
    """Return points (x, y) in the crop. As officially, each axis takes the other one's ratio."""
    (width, height), (to_width, to_height) = size, enlarged(size)
    x = (point[..., 0] + 1.0 - 2.0 * change.column / to_width) / (height / to_height) - 1.0
    y = (point[..., 1] + 1.0 - 2.0 * change.row / to_height) / (width / to_width) - 1.0
    return jnp.stack([jnp.where(change.mirrored, -x - 1.0 / width, x), y], axis=-1)


def black_mask(
    homography: Float[Array, "3 3"], size: tuple[int, int]
) -> Float[Array, "height width"]:
    """Return what a homography leaves black, 1, of a steady frame that itself stays as it is.

    Args:
        homography: from output to input, in [−1, 1].
        size: width and height in pixels.
    """
    x, y = (jnp.linspace(-1.0, 1.0, length) for length in size)
    shape = (size[1], size[0])
    x, y = jnp.broadcast_to(x[None, :], shape), jnp.broadcast_to(y[:, None], shape)
    u, v, w = (row[0] * x + row[1] * y + row[2] for row in homography)
    return official_warp.outside(jnp.stack([u / w, v / w], axis=-1))


def draw_homography(key: PRNGKeyArray) -> Float[Array, "3 3"]:
    """Draw a mask's: the identity and up to ± 0.1, ± 0.5 for shifts; the last number stays 1."""
    furthest = jnp.full((3, 3), _TILT).at[:2, 2].set(_SHIFT).at[2, 2].set(0.0)
    return jnp.eye(3) + furthest * jax.random.uniform(key, (3, 3), jnp.float32, -1.0, 1.0)

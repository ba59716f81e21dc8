"""Where a person is in a picture: masks of networks, brought to the picture's size.

A pose's own mask comes with its points, for nothing. MediaPipe's models for selfies lose a person
who is small in the picture, so they see what lies around the person alone.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt8

from dvs_jax.subject.region import Region, crop, crop_matrix, sampled
from dvs_jax.tflite import Apply, Network, Weights


def fits(network: Network) -> bool:
    """Tell whether a network makes a mask of a picture, by what it takes and returns."""
    if len(network.input_shapes) != 1 or len(network.input_shapes[0]) != 3:
        return False
    *size, channels = network.input_shapes[0]
    return channels == 3 and network.output_shapes == ((*size, 1),)


def masks(
    network: Network, pictures: UInt8[Array, "person rows columns 3"], regions: Region
) -> Float[Array, "person height width"]:
    """Run a model for selfies on people; it is compiled once for each number and size of pictures.

    Args:
        network: one that `fits`.
        pictures: RGB, upright, one for each person.
        regions: what it is to see of each; the fields have a leading axis for the person. A model
            of oblong pictures sees the square stretched.

    Returns:
        float32, the probability that a pixel of the region is of a person.
    """
    return _masks(network.apply, network.weights, pictures, regions, network.input_shapes[0][:2])


@partial(jax.jit, static_argnames=("apply", "size"))
def _masks(
    apply: Apply,
    weights: Weights,
    pictures: UInt8[Array, "person rows columns 3"],
    regions: Region,
    size: tuple[int, int],
) -> Float[Array, "person height width"]:
    def of_one(picture: UInt8[Array, "rows columns 3"], region: Region) -> Float[Array, "h w"]:
        (mask,) = apply(weights, crop(picture, region, size[1], size[0]) / 255)
        return mask[..., 0].astype(jnp.float32)

    return jax.vmap(of_one)(pictures, regions)


@partial(jax.jit, static_argnames=("width", "height"))
def enlarged(
    mask: Float[Array, "rows columns"], region: Region, width: int, height: int
) -> Float[Array, "height width"]:
    """Bring a region's mask to the picture's size, bilinearly.

    Args:
        mask: 0…1, of the region.
        region: where it lies in the picture.
        width: of the picture in pixels.
        height: likewise.

    Returns:
        float32, 0 outside the region.
    """
    rows, columns = mask.shape
    inverse = jnp.linalg.inv(crop_matrix(region, columns, rows))
    y, x = jnp.meshgrid(jnp.arange(height), jnp.arange(width), indexing="ij")
    positions = jnp.stack([x, y], -1) @ inverse[:2, :2].T + inverse[:2, 2].reshape(1, 1, 2)
    return sampled(mask[..., None], positions, edge=False)[..., 0]

"""Where a person is in a picture: masks of networks, brought to the picture's size.

A pose's own mask comes with its points, for nothing. MediaPipe's models for selfies lose a person
who is small in the picture, so they see what lies around the person alone.
"""

from functools import partial

import cv2
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

from dvs_jax.subject.region import Region, crop, crop_matrix
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


def enlarged(
    mask: Float[np.ndarray, "rows columns"], region: Region, width: int, height: int
) -> Float[np.ndarray, "height width"]:
    """Bring a region's mask to the picture's size, bilinearly.

    OpenCV does it on the host: XLA's code for processors takes a hundred times as long.

    Args:
        mask: float32 in 0…1, of the region.
        region: where it lies in the picture.
        width: of the picture in pixels.
        height: likewise.

    Returns:
        float32, 0 outside the region.
    """
    rows, columns = mask.shape
    matrix = np.asarray(crop_matrix(region, columns, rows), np.float64)
    return cv2.warpAffine(np.asarray(mask), matrix[:2], (width, height), flags=cv2.INTER_LINEAR)

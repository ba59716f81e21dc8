"""How different two clips look: features of VGG-19, of a random network, or an image pyramid."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from dvs_jax import checkpoint, torch_file
from dvs_jax.errors import InputError

Perceptual = Literal["vgg19", "random", "pyramid"]
"""Which features are compared; "vgg19" needs weights."""

Images = Float[Array, "image height width 3"]

# VGG-19 up to the ReLU behind its fifth convolution: torchvision's `features[:12]`.
_PUBLISHED = {0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128), 10: (128, 256)}
_POOLED_AFTER = (2, 7)
_PREFIX = "features."
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_LEVELS = 4
_GREY = (0.299, 0.587, 0.114)
_SEED, _NOISE_SIZE = 0, 32


class Vgg(nnx.Module):
    """The first five convolutions of VGG-19 (Simonyan & Zisserman, 2014)."""

    def __init__(self, rngs: nnx.Rngs, normalises: bool = False):
        """Initialise as He et al. do.

        Args:
            rngs: randomness.
            normalises: whether images are brought to ImageNet's mean and deviation first; the
                published program leaves that out.
        """
        self.convolutions = nnx.List(
            [
                nnx.Conv(
                    *sizes, (3, 3), padding=1, kernel_init=nnx.initializers.he_normal(), rngs=rngs
                )
                for sizes in _PUBLISHED.values()
            ]
        )
        self.normalises = normalises

    def __call__(self, images: Images) -> Float[Array, "image row column 256"]:
        """Return the features of images.

        Args:
            images: RGB in [0, 1].
        """
        x = images
        if self.normalises:
            mean, deviation = (
                jnp.broadcast_to(jnp.asarray(v), x.shape) for v in (_MEAN, _DEVIATION)
            )
            x = (x - mean) / deviation
        for number, layer in zip(_PUBLISHED, self.convolutions, strict=True):
            x = nnx.relu(layer(x))
            if number in _POOLED_AFTER:
                x = nnx.max_pool(x, (2, 2), (2, 2))
        return x


def load_vgg(path: Path, normalises: bool = True) -> Vgg:
    """Read VGG-19 from a torchvision file.

    Args:
        path: a `.pth` file whose keys are `features.N.weight` and `features.N.bias`; those of
            later layers are left.
        normalises: see `Vgg`.

    Raises:
        InputError: it is no such file, is damaged, or a tensor does not fit.
    """
    return vgg_from(torch_file.read(path), path, normalises)


def vgg_from(content: Mapping[Any, Any], path: Path, normalises: bool = True) -> Vgg:
    """Return VGG-19 with a state dict's weights; see `load_vgg`."""
    arrays = {}
    for index, number in enumerate(_PUBLISHED):
        for ours, theirs in (("kernel", "weight"), ("bias", "bias")):
            name = f"{number}.{theirs}"
            value = content.get(f"{_PREFIX}{name}", content.get(name))
            if value is None:
                raise InputError(f"{path}: no VGG-19 weights; {_PREFIX}{name} is missing")
            arrays[f"convolutions.{index}.{ours}"] = checkpoint.from_torch(value, name, path)
    network = nnx.eval_shape(lambda: Vgg(nnx.Rngs(0), normalises))
    checkpoint.fill(network, arrays, path)
    return network


def random_vgg() -> Vgg:
    """Return the same layers with random weights, always the same.

    The features' mean square is 1 on noise. They tell structure, but no meaning.
    """
    network = Vgg(nnx.Rngs(_SEED))
    noise = jax.random.uniform(jax.random.key(_SEED), (1, _NOISE_SIZE, _NOISE_SIZE, 3))
    scale = jnp.sqrt((network(noise) ** 2).mean())
    # What a ReLU returns scales with what it is given; biases begin at zero.
    last = network.convolutions[-1]
    last.kernel.set_value(last.kernel[...] / scale)
    return network


def feature_difference(network: Vgg, shown: Images, wanted: Images) -> Float[Array, ""]:
    """Return the mean squared difference of two sets of images' features."""
    return ((network(shown) - network(wanted)) ** 2).mean()


def pyramid_difference(shown: Images, wanted: Images) -> Float[Array, ""]:
    """Return the mean difference of Laplacian levels, in colour and grey, and of gradients' sizes.

    Four levels, the last of which holds all that is coarser; no weights.
    """
    total = jnp.zeros(())
    for one, other in zip(_described(shown), _described(wanted), strict=True):
        total = total + jnp.abs(one - other).mean()
    return total


def _described(images: Images) -> list[Float[Array, "image row column channel"]]:
    grey = sum(share * images[..., channel : channel + 1] for channel, share in enumerate(_GREY))
    level, found = jnp.concatenate([images, grey], -1), []
    for _ in range(_LEVELS - 1):
        coarse = _halved(level)
        back = jax.image.resize(coarse, level.shape, "linear")
        found += [level - back, _gradient_size(level[..., 3:])]
        level = coarse
    return [*found, level, _gradient_size(level[..., 3:])]


def _halved(x: Float[Array, "image row column channel"]) -> Float[Array, "image r c channel"]:
    rows, columns = (max(-(-length // 2), 1) for length in x.shape[1:3])
    return jax.image.resize(x, (len(x), rows, columns, x.shape[3]), "linear")


def _gradient_size(x: Float[Array, "image row column 1"]) -> Float[Array, "image row column 1"]:
    down = jnp.diff(x, axis=1, append=x[:, -1:])
    across = jnp.diff(x, axis=2, append=x[:, :, -1:])
    # Its derivative stays finite where nothing changes.
    return jnp.sqrt(down**2 + across**2 + 1e-8)

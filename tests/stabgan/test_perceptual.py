from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dvs_jax.errors import InputError
from dvs_jax.stabgan import perceptual
from tests import state_dicts

from .weights import VGG_SEED


@pytest.fixture(scope="module")
def images():
    """A picture, and the same a little brighter, blurred, and of something else."""
    rng = np.random.default_rng(0)
    coarse = jnp.asarray(rng.random((1, 8, 10, 3)), jnp.float32)
    picture = jax.image.resize(coarse, (1, 32, 40, 3), "nearest")
    blurred = jax.image.resize(coarse, (1, 32, 40, 3), "linear")
    other = jax.image.resize(coarse[:, ::-1, ::-1], (1, 32, 40, 3), "nearest")
    return picture, picture + 0.02, blurred, other


@pytest.fixture(scope="module")
def random_vgg():
    return perceptual.random_vgg()


@pytest.mark.slow
@pytest.mark.parametrize("difference", ["random", "pyramid"])
def test_differences_grow_with_what_differs(images, random_vgg, difference):
    measure = jax.jit(perceptual.pyramid_difference)
    if difference == "random":
        measure = jax.jit(partial(perceptual.feature_difference, random_vgg))
    picture, brighter, blurred, other = images
    same, bright, blur, different = (
        float(measure(each, picture)) for each in (picture, brighter, blurred, other)
    )
    assert same == 0.0
    assert 0.0 < bright < blur < different
    gradient = jax.grad(measure)(picture, picture)
    assert np.isfinite(gradient).all()


def test_random_features_are_always_the_same(random_vgg):
    last = [each.convolutions[-1].kernel[...] for each in (random_vgg, perceptual.random_vgg())]
    assert (last[0] == last[1]).all()
    noise = jnp.asarray(np.random.default_rng(5).random((1, 48, 48, 3)), jnp.float32)
    assert float((random_vgg(noise) ** 2).mean()) == pytest.approx(1.0, rel=0.1)


@pytest.mark.slow
def test_vgg_is_read_from_a_torchvision_file(golden):
    drawn = state_dicts.draw(golden / "stabgan/vgg_keys.txt", VGG_SEED)
    file = {f"features.{key}": value for key, value in drawn.items()}
    file |= {"features.12.weight": np.zeros((256, 256, 3, 3)), "classifier.0.bias": np.zeros(3)}
    network = perceptual.vgg_from(file, Path("vgg19.pth"))
    assert network.normalises
    wanted = drawn["10.weight"].transpose(2, 3, 1, 0)
    assert (np.asarray(network.convolutions[4].kernel[...]) == wanted).all()
    plain = perceptual.vgg_from(drawn, Path("vgg19.pth"), normalises=False)
    grey = jnp.full((1, 8, 8, 3), 0.5)
    mean, deviation = jnp.asarray([0.485, 0.456, 0.406]), jnp.asarray([0.229, 0.224, 0.225])
    standard = (grey - mean[None, None, None]) / deviation[None, None, None]
    assert np.abs(network(grey) - plain(standard)).max() < 1e-5
    with pytest.raises(
        InputError, match=r"vgg19.pth: no VGG-19 weights; features.5.bias is missing"
    ):
        perceptual.vgg_from(
            {k: v for k, v in file.items() if k != "features.5.bias"}, Path("vgg19.pth")
        )
    with pytest.raises(InputError, match="another network"):
        perceptual.vgg_from(
            {**file, "features.0.weight": np.zeros((64, 4, 3, 3))}, Path("vgg19.pth")
        )


def test_vgg_has_the_first_five_convolutions():
    network = nnx.eval_shape(lambda: perceptual.Vgg(nnx.Rngs(0)))
    assert [each.kernel.shape[2:] for each in network.convolutions] == [
        (3, 64),
        (64, 64),
        (64, 128),
        (128, 128),
        (128, 256),
    ]

from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dvs_jax.stabgan import (
    affine_warp,
    losses,
    official_discriminator,
    official_generator,
    perceptual,
)
from dvs_jax.stabgan.official_generator import generator_input
from tests import state_dicts

from .weights import VGG_SEED


def parameters(network: nnx.Module) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(network, nnx.Param)))


def test_sizes_are_those_of_the_official_networks():
    assert parameters(official_generator.without_weights()) == 5_408_320
    assert parameters(official_discriminator.without_weights()) == 2_651_329


@pytest.fixture(scope="module")
def generated(generator, numbers):
    """The encoder's features and the affine maps."""

    @partial(jax.jit, static_argnums=0)
    def run(graph, weights, x):
        network = nnx.merge(graph, weights)
        features = network.features(x[None])
        return features[0], network.maps(features)[0]

    return run(*nnx.split(generator), generator_input(numbers["unstable"], numbers["flow"]))


def test_the_generator_gives_the_official_numbers(generated, numbers):
    features, theta = generated
    assert np.abs(features.T - numbers["encoder"]).max() < 1e-4
    assert np.abs(theta - numbers["theta"]).max() < 1e-4


@pytest.fixture(scope="module")
def clips(numbers):
    """The warped clip, by the recorded maps, and the steady one."""
    frames = jnp.asarray(numbers["unstable"] / np.float32(255))
    warp = jax.jit(jax.vmap(partial(affine_warp.warp, align_corners=True)))
    return warp(frames, jnp.asarray(numbers["theta"])).image, jnp.asarray(
        numbers["stable"] / np.float32(255)
    )


def test_warped_frames_are_the_official_ones(clips, numbers):
    fake, _ = clips
    assert np.abs(fake[0] - numbers["warped_first"]).max() < 1e-4
    assert np.abs(fake[-1] - numbers["warped_last"]).max() < 1e-4
    assert np.abs(fake.mean((1, 2, 3)) - numbers["warped_mean"]).max() < 1e-5


@partial(jax.jit, static_argnums=0)
def judged(graph, state, clips):
    network = nnx.merge(graph, state)
    return network(clips), nnx.state(network, nnx.BatchStat)


def test_the_discriminator_gives_the_official_numbers(discriminator, clips, numbers):
    fake, real = clips
    logits, moved = judged(*nnx.split(discriminator), jnp.stack([real, fake]))
    assert np.abs(jax.nn.sigmoid(logits) - numbers["d_train"][:, 0]).max() < 1e-4
    before = nnx.state(discriminator, nnx.BatchStat)
    assert np.abs(moved["norms"][0]["mean"][...] - before["norms"][0]["mean"][...]).max() > 1e-4
    discriminator.eval()
    logits, _ = judged(*nnx.split(discriminator), jnp.stack([real, fake]))
    wanted = np.stack([numbers["d_real_eval"][0, 0], numbers["d_fake_eval"][0, 0]])
    assert np.abs(jax.nn.sigmoid(logits) - wanted).max() < 1e-4


@pytest.mark.slow
def test_losses_are_the_official_ones(discriminator, clips, numbers, golden):
    fake, real = clips
    vgg = state_dicts.draw(golden / "stabgan/vgg_keys.txt", VGG_SEED)
    vgg = perceptual.vgg_from(vgg, Path("recipe"), normalises=False)
    features = nnx.jit(lambda network, x: network(x))(vgg, fake[jnp.asarray([0, 16])])
    assert np.abs(features.mean((1, 2)) - numbers["vgg_mean"]).max() < 1e-3
    discriminator.eval()
    logits, _ = judged(*nnx.split(discriminator), jnp.stack([real, fake]))
    gan = losses.cross_entropy(logits[1], 1.0)
    d_real, d_fake = losses.cross_entropy(logits[0], 1.0), losses.cross_entropy(logits[1], 0.0)
    pixels = losses.pixel_difference(fake, real)
    seen = nnx.jit(perceptual.feature_difference)(vgg, fake, real)
    smooth = losses.unsmooth_maps(jnp.asarray(numbers["theta"]))
    total = (
        losses.GAN_WEIGHT * gan
        + losses.PIXEL_WEIGHT * pixels
        + losses.PERCEPTUAL_WEIGHT * seen
        + losses.SMOOTH_WEIGHT * smooth
    )
    both = losses.telling_apart(logits[0], logits[1])
    found = {
        "gan": gan,
        "l1": pixels,
        "vgg": seen,
        "smooth": smooth,
        "total": total,
        "d_real": d_real,
        "d_fake": d_fake,
        "d": both,
    }
    for name, wanted in zip(numbers["loss_names"], numbers["losses"], strict=True):
        tolerance = {"vgg": 1e-3, "l1": 1e-4, "smooth": 1e-4, "total": 1e-4}.get(name, 1e-5)
        assert float(found[name]) == pytest.approx(wanted, rel=tolerance), name


def test_smoothness_of_recorded_maps(golden):
    recorded = np.load(golden / "stabgan/metrics.npz")
    found = jax.vmap(losses.unsmooth_maps)(jnp.asarray(recorded["affines"])).mean()
    assert float(found) == pytest.approx(float(recorded["smoothness"]), rel=1e-6)

"""Training StabGAN from a config and photographs to a model, in miniature, and what is refused."""

import cv2
import jax
import numpy as np
import pytest
from flax import nnx
from ml_collections import ConfigDict

from dvs_jax.errors import InputError
from dvs_jax.stabgan import train
from dvs_jax.stabgan.generator import Generator
from dvs_jax.stabgan.settings import settings
from dvs_jax.stabilization.models import load_model


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photographs")
    noise = np.random.default_rng(0).integers(0, 255, (90, 120, 3), dtype=np.uint8)
    cv2.imwrite(str(folder / "noise.png"), cv2.resize(noise, (1200, 900)))
    return folder


@pytest.fixture
def config(photographs) -> ConfigDict:
    config = settings()
    config.data.photographs = config.data.held_out = str(photographs)
    config.data.pieces, config.data.frames = 4, 16
    config.train.batch_size, config.train.epochs, config.train.steps_per_epoch = 1, 2, 1
    config.train.lr, config.train.ema_decay = 1e-3, 0.5
    terms = {"supervised": 1.0, "gan": 0.05, "discriminator": 1.0, "r1": 1.0}
    config.train.loss_weights = ((1, terms),)
    return config


@pytest.mark.slow
def test_a_stopped_run_goes_on_to_the_very_model_of_one_that_was_not(config, tmp_path):
    whole = train.train_and_evaluate(config, tmp_path / "whole")
    config.train.epochs = 1
    train.train_and_evaluate(config, tmp_path / "stopped")
    config.train.epochs = 2
    resumed = train.train_and_evaluate(config, tmp_path / "stopped")
    one, other = (
        jax.tree.leaves(nnx.state(load_model(each).generator)) for each in (whole, resumed)
    )
    for left, right in zip(one, other, strict=True):
        np.testing.assert_array_equal(left, right)
    untrained = jax.tree.leaves(nnx.state(Generator(nnx.Rngs(0))))
    assert any((left != right).any() for left, right in zip(one, untrained, strict=True))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frames": 8}, r"config\.data\.frames: a clip of 8 frames is too short; give 16 or more"),
        ({"pieces": 0}, r"config\.data\.pieces: give at least one"),
        ({"photographs": "nowhere"}, r"nowhere: there is no such folder of photographs"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_field(config, tmp_path, change, message):
    config.data.update(change)
    with pytest.raises(InputError, match=message):
        train.train_and_evaluate(config, tmp_path / "run")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"perceptual": "taste"}, "'taste' is none of vgg19, random, pyramid"),
        ({"perceptual": "vgg19"}, r"config\.model\.vgg19: name torchvision's file"),
    ],
)
def test_features_that_there_are_not_are_refused(config, tmp_path, change, message):
    config.model.update(change)
    with pytest.raises(InputError, match=message):
        train.train_and_evaluate(config, tmp_path / "run")


def test_a_term_that_there_is_not_is_refused(config, tmp_path):
    config.train.loss_weights = ((1, {"jerk": 1.0}),)
    with pytest.raises(InputError, match="no term is called jerk; there are supervised, smooth"):
        train.train_and_evaluate(config, tmp_path / "run")


def test_both_networks_need_a_rate(config, tmp_path):
    config.train.parts = (("generator", 1.0),)
    with pytest.raises(InputError, match=r"train\.parts: give a factor to each of generator, disc"):
        train.train_and_evaluate(config, tmp_path / "run")

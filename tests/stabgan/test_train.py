"""Training StabGAN from a config and photographs to a model, in miniature, and what is refused."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import jax
import numpy as np
import pytest
import virtual_devices
from flax import nnx
from ml_collections import ConfigDict

from dvs_jax.errors import InputError
from dvs_jax.stabgan import objective, train
from dvs_jax.stabgan.frames import with_flow
from dvs_jax.stabgan.generator import Generator
from dvs_jax.stabgan.method import streamed
from dvs_jax.stabgan.settings import settings
from dvs_jax.stabilization.models import load_model
from dvs_jax.training.checkpoints import FOLDER, Checkpoints
from dvs_jax.training.optimizer import make_optimizer
from dvs_jax.training.state import begin

CONFIG = """from dvs_jax.stabgan.settings import settings

def get_config():
    config = settings()
    config.data.photographs = config.data.held_out = {photographs!r}
    config.data.pieces, config.data.frames = 4, 16
    config.train.batch_size, config.train.epochs, config.train.steps_per_epoch = 2, 1, 2
    config.train.loss_weights = ((1, {terms!r}),)
    return config
"""


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


@pytest.mark.slow
def test_on_paths_the_loss_falls_and_a_still_clip_stays_still(config, tmp_path):
    config.train.epochs, config.train.steps_per_epoch = 1, 60
    config.train.loss_weights, config.train.log_every = ((1, {"paths": 1.0}),), 1
    made = load_model(train.train_and_evaluate(config, tmp_path / "run")).generator
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    told = [json.loads(line)["paths"] for line in lines]
    assert np.mean(told[-5:]) < 0.7 * np.mean(told[:3])
    texture = np.random.default_rng(0).integers(0, 256, (9, 16, 3), dtype=np.uint8)
    frames = [cv2.resize(texture, (128, 72))] * 40
    theta = np.stack(list(streamed(made, with_flow(iter(frames)), 9 / 16)))
    corners = (theta - np.eye(2, 3)) @ np.array([[-1, 1, -1, 1], [-1, -1, 1, 1], [1, 1, 1, 1]])
    # In pixels of the pictures that it looks at.
    assert np.abs(corners * [[64.0], [36.0]]).max() < 0.3


@pytest.fixture(scope="module")
def on_one_device(photographs, tmp_path_factory) -> tuple[Path, np.ndarray]:
    """A config, and the weights that it trains on one device."""
    folder = tmp_path_factory.mktemp("one")
    terms = dict.fromkeys(objective.TERMS, 1.0)
    file = folder / "mini.py"
    file.write_text(CONFIG.format(photographs=str(photographs), terms=terms))
    return file, trained(file, folder / "run", "pmap", 1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pmap", "shard_map"])
def test_two_devices_train_the_model_that_one_trains(on_one_device, tmp_path, kind):
    file, one = on_one_device
    two = trained(file, tmp_path / "run", kind, 2)
    untrained = jax.tree.leaves(nnx.state(Generator(nnx.Rngs(0))))
    start = np.concatenate([leaf.ravel() for leaf in untrained])
    assert np.abs(one - start).max() > 1e-4
    # Of a gradient that is but rounding Adam makes steps as long as of any other.
    different = np.abs(one - two) > 2e-5
    assert different.mean() < 1e-3
    assert np.abs(one - two).max() < 4.5e-4


def trained(file: Path, workdir: Path, kind: str, devices: int) -> np.ndarray:
    """Train in a process of its own, and return all weights."""
    environment = os.environ | {
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": virtual_devices.flags(devices),
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }
    arguments = ["--config", str(file), "--workdir", str(workdir)]
    command = [sys.executable, "-m", "dvs_jax", "train", *arguments]
    change = f"--config.train.parallel={kind}"
    run = subprocess.run([*command, change], env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    leaves = jax.tree.leaves(nnx.state(load_model(workdir / "model").generator))
    return np.concatenate([leaf.ravel() for leaf in leaves])


@pytest.mark.slow
def test_a_run_of_another_system_is_not_gone_on_with(config, tmp_path):
    config.train.evaluate_every = 0
    other = {"weight": np.zeros(3, np.float32)}
    plain = settings().train
    plain.parts = plain.slowed = ()
    with Checkpoints(tmp_path / FOLDER, plain) as checkpoints:
        state = begin(other, make_optimizer(plain), 0.0, 0)
        checkpoints.save(state, ["0"], {})
    with pytest.raises(InputError, match="checkpoint") as refused:
        train.train_and_evaluate(config, tmp_path)
    assert "\n" not in str(refused.value)


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
    with pytest.raises(InputError, match="no term is called jerk; there are paths, supervised"):
        train.train_and_evaluate(config, tmp_path / "run")


def test_both_networks_need_a_rate(config, tmp_path):
    config.train.parts = (("generator", 1.0),)
    with pytest.raises(InputError, match=r"train\.parts: give a factor to each of generator, disc"):
        train.train_and_evaluate(config, tmp_path / "run")

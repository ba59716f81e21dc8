"""Trains our StabGAN: from a config and photographs to a model that `load_model` reads."""

from functools import partial
from pathlib import Path
from typing import get_args

from flax import nnx
from ml_collections import ConfigDict

from dvs_jax import storage
from dvs_jax.errors import InputError
from dvs_jax.stabgan import objective, perceptual, weights
from dvs_jax.stabgan.discriminator import Discriminator
from dvs_jax.stabgan.generator import Generator
from dvs_jax.stabgan.objective import Setting
from dvs_jax.stabgan.validation import HeldOut
from dvs_jax.training import loop, model, parallel, photographs, stored_run
from dvs_jax.training.settings import require_sound
from dvs_jax.whole_file import make_folder

PARTS = ("generator", "discriminator")

_FEWEST_FRAMES = 16

make_batches = partial(photographs.make_batches, colour=True)
"""Returns this process' endless stream of batches, as a config says."""


@stored_run.anywhere
def train_and_evaluate(config: ConfigDict, workdir: Path) -> Path:
    """Train as a config says, resuming an earlier call that was stopped.

    Args:
        config: as `settings.settings` describes it.
        workdir: the run's folder, which may be the address of one in an object store, for logs,
            checkpoints of both networks and, at the end, the model: the generator.

    Returns:
        The model's folder, which `load_model` and `dvs-jax stabilize --model` take. If training
        keeps a moving average of the weights, the model is that average.

    Raises:
        InputError: the config, a photograph, VGG-19's weights or a checkpoint cannot be used; the
            message says why.
        SystemExit: with code 0, after SIGTERM and a checkpoint.
    """
    check(config)
    parallel.join_hosts(config.train)
    make_folder(workdir)
    generating, judging = make_networks(config)
    generator, params = nnx.split(generating)
    discriminator, judge = nnx.split(judging)
    setting = Setting(generator, discriminator, config.data.frames, _difference(config.model))
    held_out = HeldOut(generator, config) if config.train.evaluate_every else None
    trained = loop.train(
        config,
        workdir,
        dict(zip(PARTS, (params, judge), strict=True)),
        partial(objective.clip_loss, setting),
        make_batches(config),
        evaluate=None if held_out is None else held_out.measure,
        picture=None if held_out is None else held_out.picture,
    )
    finished = nnx.merge(generator, trained["generator"])
    return model.write(workdir, partial(weights.save, finished))


def make_networks(config: ConfigDict) -> tuple[Generator, Discriminator]:
    """Return the networks to start training from."""
    seed = config.train.seed
    generator = Generator(nnx.Rngs(seed), config.model.similarity)
    return generator, Discriminator(nnx.Rngs(seed))


def _difference(chosen: ConfigDict) -> objective.Difference:
    if chosen.perceptual == "pyramid":
        return perceptual.pyramid_difference
    random = chosen.perceptual == "random"
    vgg = perceptual.random_vgg() if random else perceptual.load_vgg(storage.local(chosen.vgg19))
    return partial(perceptual.feature_difference, vgg)


def check(config: ConfigDict) -> None:
    """Raise InputError, naming the field, if fields of the config make no sense."""
    require_sound(config.train)
    if config.data.frames < _FEWEST_FRAMES:
        raise InputError(
            f"config.data.frames: a clip of {config.data.frames} frames is too short; give "
            f"{_FEWEST_FRAMES} or more"
        )
    if config.data.pieces < 1:
        raise InputError("config.data.pieces: give at least one")
    kinds = get_args(perceptual.Perceptual)
    if config.model.perceptual not in kinds:
        raise InputError(
            f"config.model.perceptual: {config.model.perceptual!r} is none of {', '.join(kinds)}"
        )
    if config.model.perceptual == "vgg19" and not config.model.vgg19:
        raise InputError(
            "config.model.vgg19: name torchvision's file of VGG-19's weights, or set "
            'config.model.perceptual to "pyramid", which needs none'
        )
    _check_parts_and_terms(config.train)


def _check_parts_and_terms(train: ConfigDict) -> None:
    if tuple(sorted(dict(train.parts))) != tuple(sorted(PARTS)):
        raise InputError(f"config.train.parts: give a factor to each of {', '.join(PARTS)}")
    named = {name for _, row in train.loss_weights for name in row}
    if unknown := sorted(named - set(objective.TERMS)):
        raise InputError(
            f"config.train.loss_weights: no term is called {', '.join(unknown)}; there are "
            f"{', '.join(objective.TERMS)}"
        )

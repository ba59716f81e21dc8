"""Trains STAR-VP on made-up or recorded viewers: from a config to a model."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from flax import nnx
from ml_collections import ConfigDict

from dvs_jax import storage
from dvs_jax.errors import InputError
from dvs_jax.training import loop, model, parallel, stored_run
from dvs_jax.training.settings import require_sound
from dvs_jax.viewport import dataset, record
from dvs_jax.viewport.dataset import Batches, Dataset
from dvs_jax.viewport.starvp import architecture, objective, weights
from dvs_jax.viewport.starvp.architecture import Architecture
from dvs_jax.viewport.starvp.losses import LOSSES
from dvs_jax.viewport.starvp.network import Network
from dvs_jax.viewport.synthetic import audience
from dvs_jax.viewport.validation import HeldOut
from dvs_jax.whole_file import make_folder


@stored_run.anywhere
def train_and_evaluate(config: ConfigDict, workdir: Path) -> Path:
    """Train as a config says, resuming an earlier call that was stopped.

    Args:
        config: as `settings.settings` describes it.
        workdir: the run's folder, which may be the address of one in an object store, for logs,
            checkpoints and, at the end, the model.

    Returns:
        The model's folder, which `weights.load` reads. If training keeps a moving average of the
        weights, the model is that average.

    Raises:
        InputError: the config or a checkpoint cannot be used; the message says why.
        SystemExit: with code 0, after SIGTERM and a checkpoint.
    """
    check(config)
    parallel.join_hosts(config.train)
    make_folder(workdir)
    of, batches = _architecture_of(config), make_batches(config)
    graph, params = nnx.split(make_network(config))
    held_out = None
    if config.train.evaluate_every:
        held_out = HeldOut(graph, _windows(config, "test", of)).measure
    loss = partial(objective.window_loss, graph, config.loss, not of.turn)
    trained = loop.train(config, workdir, params, loss, batches, evaluate=held_out)
    return model.write(workdir, partial(weights.save, nnx.merge(graph, trained)))


def network_of(config: ConfigDict) -> Architecture:
    """Return the network that a config describes.

    Raises:
        InputError: a field makes no sense; it is named.
    """
    return architecture.from_dict(config.network.to_dict(), Path("config.network"))


def make_network(config: ConfigDict) -> Network:
    """Return the network to start training from."""
    return Network(_architecture_of(config), nnx.Rngs(config.train.seed))


def make_batches(config: ConfigDict) -> Batches:
    """Return this process' endless stream of batches.

    Raises:
        InputError: the records cannot be read.
    """
    windows = _windows(config, "training", _architecture_of(config))
    return Batches(windows, config.train.batch_size, config.train.seed)


def _architecture_of(config: ConfigDict) -> Architecture:
    """The network with the viewers whom it learns to know."""
    of = network_of(config)
    if not config.data.known_viewers:
        return of
    return replace(of, viewers=audience.crowd_names(config.data.seed, config.data.viewers))


def check(config: ConfigDict) -> None:
    """Raise InputError, naming the field, if fields of the config make no sense."""
    require_sound(config.train)
    network_of(config)
    for name in ("videos", "viewers", "stride", "held_out_videos"):
        if config.data[name] < 1:
            raise InputError(f"config.data.{name}: give at least one")
    if not 0.0 <= config.data.absent < 1.0:
        raise InputError(f"config.data.absent: {config.data.absent} is no chance from 0 to below 1")
    if config.data.seed == config.data.held_out_seed:
        raise InputError("config.data.held_out_seed: is that of the training; give another")
    if config.loss not in LOSSES:
        raise InputError(f"config.loss: {config.loss!r} is none of {', '.join(LOSSES)}")
    named = {name for _, row in config.train.loss_weights for name in row}
    if unknown := sorted(named - set(objective.TERMS)):
        raise InputError(
            f"config.train.loss_weights: no term is called {', '.join(unknown)}; there are "
            f"{', '.join(objective.TERMS)}"
        )


def _windows(config: ConfigDict, split: str, of: Architecture) -> Dataset:
    """Windows to train on, or to test on."""
    data = config.data
    if data.folder:
        return dataset.recorded(record.load(storage.local(data.folder), split), data.stride, of)
    seed, videos = {
        "training": (data.seed, data.videos),
        "test": (data.held_out_seed, data.held_out_videos),
    }[split]
    crowd_seed = data.seed if data.known_viewers else None
    return dataset.synthetic(seed, videos, data.viewers, data.stride, of, crowd_seed, data.absent)

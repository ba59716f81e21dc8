"""Trains our StabNet: from a config and photographs to a model that `load_model` reads."""

from functools import partial
from pathlib import Path

from flax import nnx
from ml_collections import ConfigDict

from dvs_jax.errors import InputError
from dvs_jax.stabnet import objective, sequences, weights
from dvs_jax.stabnet.network import Network
from dvs_jax.stabnet.validation import HeldOut
from dvs_jax.training import loop, model, parallel, stored_run
from dvs_jax.training.photographs import make_batches
from dvs_jax.training.settings import require_sound
from dvs_jax.whole_file import make_folder


@stored_run.anywhere
def train_and_evaluate(config: ConfigDict, workdir: Path) -> Path:
    """Train as a config says, resuming an earlier call that was stopped.

    Args:
        config: as `settings.settings` describes it.
        workdir: the run's folder, which may be the address of one in an object store, for logs,
            checkpoints and, at the end, the model.

    Returns:
        The model's folder, which `load_model` and `dvs-jax stabilize --model` take. If training
        keeps a moving average of the weights, the model is that average.

    Raises:
        InputError: the config, a photograph or a checkpoint cannot be used; the message says why.
        SystemExit: with code 0, after SIGTERM and a checkpoint.
    """
    check(config)
    parallel.join_hosts(config.train)
    make_folder(workdir)
    batches = make_batches(config)
    graph, params = nnx.split(make_network(config))
    held_out = HeldOut(graph, config) if config.train.evaluate_every else None
    loss = partial(objective.sequence_loss, graph, config.data.frames)
    trained = loop.train(
        config,
        workdir,
        params,
        loss,
        batches,
        evaluate=None if held_out is None else held_out.measure,
        picture=None if held_out is None else held_out.picture,
    )
    return model.write(workdir, partial(weights.save, nnx.merge(graph, trained)))


def make_network(config: ConfigDict) -> Network:
    """Return the network to start training from."""
    return Network(nnx.Rngs(config.train.seed))


def check(config: ConfigDict) -> None:
    """Raise InputError, naming the field, if fields of the config make no sense."""
    require_sound(config.train)
    if not 2 <= config.data.frames < sequences.LONGEST:
        raise InputError(
            f"config.data.frames: a sequence of {config.data.frames} frames is none that can be "
            f"trained on; give 2 to {sequences.LONGEST - 1}"
        )
    if config.data.pieces < 1:
        raise InputError("config.data.pieces: give at least one")
    named = {name for _, row in config.train.loss_weights for name in row}
    if unknown := sorted(named - set(objective.TERMS)):
        raise InputError(
            f"config.train.loss_weights: no term is called {', '.join(unknown)}; there are "
            f"{', '.join(objective.TERMS)}"
        )

"""Trains the fused network: from a config to a model that `load_model` reads."""

from functools import partial
from pathlib import Path

import jax
import numpy as np
from flax import nnx
from ml_collections import ConfigDict

from dvs_jax.errors import InputError
from dvs_jax.fused import architecture, loader, losses, validation, weights
from dvs_jax.fused.configured import architecture_of, create_network, make_loss
from dvs_jax.fused.curriculum import Curriculum
from dvs_jax.fused.loader import Batches, Share
from dvs_jax.training import loop, model, parallel, stored_run
from dvs_jax.training.schedule import require_order
from dvs_jax.training.settings import require_sound
from dvs_jax.whole_file import make_folder

FEWEST_STEPS = 3
"""Fewest steps of a window over which jerk is defined."""


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
        InputError: the config, the data or a checkpoint cannot be used; the message says why.
        SystemExit: with code 0, after SIGTERM and a checkpoint.
    """
    check(config)
    parallel.join_hosts(config.train)
    make_folder(workdir)
    batches = make_batches(config)
    network = create_network(config)
    graph, params = nnx.split(network)
    # A dataset needs no test split if nothing is evaluated.
    held_out = None
    if config.train.evaluate_every:
        held_out = validation.HeldOut(graph, validation.records(config))
    try:
        trained = loop.train(
            config,
            workdir,
            params,
            make_loss(graph, config),
            batches,
            evaluate=None if held_out is None else held_out.measure,
            picture=None if held_out is None else held_out.picture,
        )
    finally:
        batches.close()
    return model.write(workdir, partial(weights.save, nnx.merge(graph, trained)))


def make_batches(config: ConfigDict, workers: int = loader.BATCHES_AHEAD) -> Curriculum:
    """Return this process' endless stream of batches, from the training splits.

    Args:
        config: as `settings.settings` describes it.
        workers: batches prepared ahead, each in a thread.

    Raises:
        InputError: a dataset is missing, damaged or empty, or its flow is of another size.
    """
    shares = [Share(folder, weight) for folder, weight in config.data.folders]

    def load(largest_shake_deg: float) -> Batches:
        return loader.load(
            shares,
            steps=config.data.steps,
            batch_size=config.train.batch_size,
            seed=config.train.seed,
            largest_shake_deg=largest_shake_deg,
            process_index=jax.process_index(),
            process_count=jax.process_count(),
            flow_size=tuple(config.model.flow_size) if config.model.flow else None,
            poses_each_side=config.model.poses_each_side,
            fusion=config.model.fusion > 0,
            workers=workers,
        )

    return Curriculum(config.data.largest_shake, config.train.steps_per_epoch, load)


def check(config: ConfigDict) -> None:
    """Raise if fields of the config contradict one another.

    Raises:
        InputError: they do; the message names them.
    """
    require_sound(config.train)
    described = architecture.to_dict(architecture_of(config))
    architecture.from_dict(described, Path("config.model"))
    _check_flow(config.model)
    _check_terms(config)
    _check_data(config.data)
    _check_rollout(config.rollout)


def _check_flow(model: ConfigDict) -> None:
    if model.flow and not (model.fusion or model.official):
        raise InputError(
            "config.model.flow: our own networks read flow to correct the gyro; set "
            "config.model.fusion, or leave flow out (only official networks read it otherwise)"
        )


def _check_terms(config: ConfigDict) -> None:
    known = {*losses.STEP_TERMS, *losses.PATH_TERMS}
    named = {name for _, row in config.train.loss_weights for name in row}
    if unknown := sorted(named - known):
        raise InputError(
            f"config.train.loss_weights: no term is called {', '.join(unknown)}; there are "
            f"{', '.join(sorted(known))}"
        )
    if "camera_turn" in named and not config.model.fusion:
        raise InputError(
            "config.train.loss_weights: the camera_turn term is for networks that correct the "
            "gyro; set config.model.fusion, or give it no weight"
        )
    if config.model.fusion and (of_a_step := sorted(named & losses.STEP_TERMS.keys())):
        # They compare the previous pose with the current one, of which only the latter includes the
        # correction of the gyro's error.
        raise InputError(
            f"config.train.loss_weights: no network that corrects the gyro is trained by the terms "
            f"of a step ({', '.join(of_a_step)}); give them no weight, or set config.model.fusion "
            "to 0"
        )
    if "optical" in named and not config.model.flow:
        raise InputError(
            "config.train.loss_weights: the optical term needs flow, which config.model.flow "
            "leaves out; give it no weight"
        )


def _check_data(data: ConfigDict) -> None:
    for each in data.folders:
        match each:
            case (str(), int() | float()):
                continue
        raise InputError(
            f"config.data.folders: {each!r} is no dataset with its share; write "
            '(("datasets/synthetic_clips/poses", 1.0),)'
        )
    if data.steps < FEWEST_STEPS:
        raise InputError(
            f"config.data.steps: a window of {data.steps} steps is too short for a path to have "
            f"jerk; give {FEWEST_STEPS} or more"
        )
    require_order(data.largest_shake)
    if not all(isinstance(largest, int | float) for _, largest in data.largest_shake):
        raise InputError(f"config.data.largest_shake: {data.largest_shake!r} holds no degrees")


def _check_rollout(rollout: ConfigDict) -> None:
    match rollout.strengths:
        case (int() | float() as low, int() | float() as high) if 0.0 < low <= high < np.inf:
            pass
        case _:
            raise InputError(
                f"config.rollout.strengths: {rollout.strengths!r} is no range of factors above 0"
            )
    for name in ("displacement", "truncate_steps"):
        if rollout[name] < 0:
            raise InputError(f"config.rollout.{name}: {rollout[name]} is negative")

"""The optimiser a config describes: Adam, its learning rate, decay and clipping."""

from collections.abc import Callable

import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int
from ml_collections import ConfigDict

from dvs_jax.errors import InputError
from dvs_jax.training.slowing import slowed

Rate = Callable[[Int[Array, ""] | int], Float[Array, ""]]


def make_optimizer(train: ConfigDict) -> optax.GradientTransformationExtraArgs:
    """Return Adam as `settings` describes it, one for each part of the parameters.

    Gradients are clipped first, as a PyTorch loop clips them before the optimiser's step. Coupled
    decay adds weight_decay · parameter to the gradient, which Adam then normalises
    (torch.optim.Adam); decoupled decay subtracts rate · weight_decay · parameter beside Adam's
    step (torch.optim.AdamW; Loshchilov & Hutter, arXiv:1711.05101).

    Updates are given the terms by name as well, by which parts are slowed down.

    Args:
        train: the settings, of which learning rate, parts, decay and clipping are read. Where it
            names parts, the parameters are a dictionary of these.

    Raises:
        InputError: the schedule has no such name.
    """
    rate = learning_rate(train)
    if not train.parts:
        return optax.with_extra_args_support(_adam(train, rate))
    parts = {name: _adam(train, _times(rate, factor)) for name, factor in train.parts}
    for name, term, limit, steps in train.slowed:
        parts[name] = optax.chain(parts[name], slowed(term, limit, steps))
    return optax.multi_transform(parts, lambda params: {name: name for name in params})


def _adam(train: ConfigDict, rate: Rate) -> optax.GradientTransformation:
    decay = (
        optax.add_decayed_weights(train.weight_decay) if train.weight_decay else optax.identity()
    )
    clip = optax.clip_by_global_norm(train.clip_norm) if train.clip_norm else optax.identity()
    adam = optax.scale_by_adam(b1=train.adam_beta)
    order = (adam, decay) if train.decoupled_decay else (decay, adam)
    return optax.chain(clip, *order, optax.scale_by_learning_rate(rate))


def _times(rate: Rate, factor: float) -> Rate:
    return lambda step: factor * rate(step)


def learning_rate(train: ConfigDict) -> Rate:
    """Return the learning rate as a function of the steps taken before.

    Raises:
        InputError: the schedule has no such name.
    """
    after_warm_up = _schedule(train)
    if train.warmup_steps == 0:
        return after_warm_up
    return lambda step: after_warm_up(step) * jnp.minimum(1.0, (step + 1) / train.warmup_steps)


def _schedule(train: ConfigDict) -> Rate:
    if train.schedule == "constant":
        return optax.constant_schedule(train.lr)
    if train.schedule == "step":
        steps = train.decay_epochs * train.steps_per_epoch
        return optax.exponential_decay(train.lr, steps, train.decay_factor, staircase=True)
    if train.schedule == "cosine":
        return optax.cosine_decay_schedule(train.lr, train.epochs * train.steps_per_epoch)
    raise InputError(
        f"config.train.schedule: {train.schedule!r} is none; name constant, step or cosine"
    )

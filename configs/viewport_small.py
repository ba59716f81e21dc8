"""A small STAR-VP, which predicts where viewers look on a CPU while they do.

Reproduces: no publication; see `dvs_jax.viewport.starvp.architecture` for how it differs from the
    paper's network.
Cost: about a quarter of an hour on two CPU cores.
Command:
    dvs-jax train --config configs/viewport_small.py --workdir runs/viewport_small
"""

from ml_collections import ConfigDict

from dvs_jax.viewport.settings import settings


def get_config() -> ConfigDict:
    """Return the config."""
    config = settings()
    config.network.update(
        {
            "points": 8,  # of a map of 32 × 64
            "lstm": 64,
            "lstm_layers": 1,
            "width": 32,
            "heads": 4,
            "mlp": 128,
            "blocks": 1,
            "position": 17,
            "gate": 64,
            "turn": True,
            "residual": True,
            "damped_prior": True,
            "detached": True,
        }
    )

    config.train.batch_size = 64  # windows
    config.train.epochs = 12  # 2,400 steps in all
    config.train.steps_per_epoch = 200
    config.train.lr = 3e-3  # peak
    config.train.schedule = "cosine"  # down to 0 at the end
    config.train.warmup_steps = 240  # to the peak rate
    config.train.weight_decay = 1e-5  # a step
    config.train.decoupled_decay = True  # AdamW
    config.train.clip_norm = 1.0  # of the gradient, over all weights
    config.train.loss_weights = ((1, {"fused": 1.0, "motion": 0.5, "content": 0.5}),)

    config.train.log_every = 50  # steps
    config.train.checkpoint_every = 400  # steps
    config.train.evaluate_every = 2  # epochs
    config.train.best_measure = "error_all"  # its best checkpoint is kept beside the last ones
    return config

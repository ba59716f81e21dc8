"""A minute on a CPU: checks that training STAR-VP works from made-up viewers to the model.

Cost: about a minute on two CPU cores, most of it for compiling.
Command:
    dvs-jax train --config configs/viewport_smoke.py --workdir runs/viewport_smoke
"""

from ml_collections import ConfigDict

from dvs_jax.viewport.settings import settings


def get_config() -> ConfigDict:
    """Return the config."""
    config = settings()
    config.network.update(
        {
            "points": 8,  # of a map of 32 × 64
            "lstm": 32,
            "lstm_layers": 1,
            "width": 16,
            "heads": 4,
            "mlp": 32,
            "blocks": 1,
            "position": 9,
            "gate": 16,
            "turn": True,
            "residual": True,
            "damped_prior": True,
            "detached": True,
        }
    )
    config.data.videos = 8
    config.data.held_out_videos = 2
    config.train.batch_size = 16  # windows
    config.train.epochs = 1  # evaluated at its end
    config.train.steps_per_epoch = 40  # in all
    config.train.lr = 3e-3  # peak
    config.train.schedule = "cosine"  # down to 0 at the end
    config.train.warmup_steps = 4  # to the peak rate
    config.train.clip_norm = 1.0  # of the gradient, over all weights
    config.train.loss_weights = ((1, {"fused": 1.0, "motion": 0.5, "content": 0.5}),)
    config.train.log_every = 10  # steps
    config.train.checkpoint_every = 20  # steps
    config.train.evaluate_every = 1  # epochs
    config.train.best_measure = "error_all"  # its best checkpoint is kept
    return config

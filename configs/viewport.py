"""STAR-VP in the form of its paper, as far as that is known, on made-up viewers.

Reproduces: no published numbers; the network of "STAR-VP: Improving Long-term Viewport Prediction
    in 360° Videos via Space-aligned and Time-varying Fusion", MM 2024, which has no public code.
Cost: not measured; with nine million parameters it is made for an accelerator.
Command:
    dvs-jax train --config configs/viewport.py --workdir runs/viewport
"""

from ml_collections import ConfigDict

from dvs_jax.viewport.settings import settings


def get_config() -> ConfigDict:
    """Return the config."""
    config = settings()
    # Every fourth of the highest 409 of a map of 32 × 64.
    config.network.points = 100

    config.train.batch_size = 64  # windows
    config.train.epochs = 100
    config.train.steps_per_epoch = 345  # about as many windows as there are
    config.train.lr = 1e-4  # peak
    config.train.schedule = "cosine"  # down to 0 at the end
    config.train.weight_decay = 1e-5  # a step
    config.train.decoupled_decay = True  # AdamW
    config.train.clip_norm = 1.0  # of the gradient, over all weights
    config.train.loss_weights = ((1, {"fused": 1.0, "motion": 0.5, "content": 0.5}),)

    config.train.log_every = 50  # steps
    config.train.checkpoint_every = 1000  # steps
    config.train.evaluate_every = 5  # epochs
    config.train.best_measure = "error_all"  # its best checkpoint is kept beside the last ones
    return config

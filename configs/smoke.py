"""A minute on a CPU: shows that training works from the data to the model, and learns something.

Cost: about a minute on two CPU cores. Result: a path that jitters far less than the input.
Commands:
    python -m data.synthetic_clips --config smoke --out datasets
    dvs-jax train --config configs/smoke.py --workdir runs/smoke
"""

from ml_collections import ConfigDict

from dvs_jax.fused.settings import settings


def get_config() -> ConfigDict:
    """Return the config."""
    config = settings()
    config.model.flow = False
    config.model.lstm = (32,)
    config.model.fully_connected = (16,)
    config.data.folders = (("datasets/synthetic_clips/smoke", 1.0),)
    config.data.steps = 30
    config.train.batch_size = 8
    config.train.epochs = 4
    config.train.steps_per_epoch = 50
    config.train.lr = 3e-3
    config.train.schedule = "cosine"
    config.train.warmup_steps = 10
    config.train.clip_norm = 1.0
    config.train.loss_weights = ((1, {"acceleration": 1.0, "jerk": 0.02, "cover": 100.0}),)
    config.train.log_every = 10
    config.train.checkpoint_every = 100
    config.train.evaluate_every = 1
    config.train.best_measure = "restlessness"
    return config

"""A minute on a CPU: checks that training works from the data to the model.

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
    config.model.flow = False  # poses alone
    config.model.lstm = (32,)  # one small layer
    config.model.fully_connected = (16,)  # one small layer before the turn
    config.data.folders = (("datasets/synthetic_clips/smoke", 1.0),)  # seven clips
    config.data.steps = 30  # 1 s at 30 frames/s
    config.train.batch_size = 8  # windows
    config.train.epochs = 4  # each evaluated
    config.train.steps_per_epoch = 50  # 200 steps in all
    config.train.lr = 3e-3  # high, since there are few steps
    config.train.schedule = "cosine"  # down to 0 at the end
    config.train.warmup_steps = 10  # to the peak rate
    config.train.clip_norm = 1.0  # of the gradient, over all weights
    config.train.loss_weights = ((1, {"acceleration": 1.0, "jerk": 0.02, "cover": 100.0}),)
    config.train.log_every = 10  # steps
    config.train.checkpoint_every = 100  # steps
    config.train.evaluate_every = 1  # epochs
    config.train.best_measure = "restlessness"  # its best checkpoint is kept
    return config

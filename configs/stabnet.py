"""Our StabNet, which steadies frames by frames alone.

Reproduces: no publication; Wang and others, "Deep Online Video Stabilization With Multi-Grid
    Warping Transformation Learning", 2019, with another network (see `dvs_jax.stabnet.network`).
Cost: about 20 minutes on two CPU cores.
Commands:
    python -m data.photographs datasets/photographs
    dvs-jax train --config configs/stabnet.py --workdir runs/stabnet
"""

from ml_collections import ConfigDict

from dvs_jax.stabnet.settings import settings


def get_config() -> ConfigDict:
    """Return the config."""
    config = settings()

    config.train.batch_size = 4  # sequences of six frames
    config.train.micro_batches = 4  # one after the other: on a CPU that is quicker
    config.train.epochs = 10  # 500 steps in all; more bring nothing on held-out photographs
    config.train.steps_per_epoch = 50
    config.train.lr = 2e-3  # peak
    config.train.schedule = "cosine"  # down to 0 at the end
    config.train.warmup_steps = 50  # to the peak rate
    config.train.clip_norm = 1.0  # sequences of which little can be seen have large gradients
    config.train.ema_decay = 0.99  # over the last 100 steps
    # What counts is the finest look; the rougher ones bring it near enough.
    config.train.loss_weights = ((1, {"half": 1.0, "quarter": 0.3, "eighth": 0.15}),)

    config.train.log_every = 10  # steps
    config.train.checkpoint_every = 50  # steps
    config.train.evaluate_every = 2  # epochs
    config.train.best_measure = "worth"  # its best checkpoint is kept beside the last ones
    return config

"""Five minutes on a CPU: checks that training StabNet works from photographs to the model.

Cost: about five minutes on two CPU cores, two of them for compiling. Result: errors of about half
    a pixel of a picture 640 wide, where the trained network has a fifth of that.
Commands:
    python -m data.photographs datasets/photographs
    dvs-jax train --config configs/stabnet_smoke.py --workdir runs/stabnet_smoke
"""

from ml_collections import ConfigDict

from dvs_jax.stabnet.settings import settings


def get_config() -> ConfigDict:
    """Return the config."""
    config = settings()
    config.data.pieces = 60  # one or two of each photograph
    config.data.frames = 4  # of which three are steadied
    config.train.batch_size = 4  # sequences
    config.train.micro_batches = 4  # one after the other
    config.train.epochs = 1  # evaluated at its end
    config.train.steps_per_epoch = 100  # in all
    config.train.lr = 2e-3  # peak
    config.train.schedule = "cosine"  # down to 0 at the end
    config.train.warmup_steps = 10  # to the peak rate
    config.train.clip_norm = 1.0  # of the gradient, over all weights
    config.train.loss_weights = ((1, {"half": 1.0, "quarter": 0.3, "eighth": 0.15}),)
    config.train.log_every = 10  # steps
    config.train.checkpoint_every = 50  # steps
    config.train.evaluate_every = 1  # epochs
    config.train.best_measure = "worth"  # its best checkpoint is kept
    return config

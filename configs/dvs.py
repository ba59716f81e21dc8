"""Our network with optical flow: the weights shipped as `fused`.

It starts from the network without flow and learns, on clips whose sensors fail, what flow is good
for: half of them have a gyro whose clock is up to 30 ms off, whose rate is biased by up to 1 °/s,
or a lens that moves without a log.

Reproduces: dvs_jax/weights/fused, whose MODEL_CARD.md has its numbers.
Cost: about three quarters of an hour on two CPU cores, after configs/dvs_gyro_only.py.
Commands:
    python -m data.synthetic_clips --config small --out datasets
    dvs-jax train --config configs/dvs.py --workdir runs/fused
To start from a run of one's own instead of the shipped weights:
    dvs-jax train --config configs/dvs.py --workdir runs/fused \
        --config.model.start_from=runs/gyro_only/model
"""

from ml_collections import ConfigDict

from dvs_jax.fused.settings import settings


def get_config() -> ConfigDict:
    """Return the config."""
    config = settings()

    config.model.flow = True
    # Turns of the camera move the whole picture: a sixteenth of the paper's width will do, and
    # makes the encoder two hundred times cheaper.
    config.model.flow_size = (30, 17)
    config.model.start_from = "gyro_only"
    # As configs/dvs_gyro_only.py, where training starts from.
    config.model.lstm = (128, 128)
    config.model.fully_connected = (64,)
    config.model.filters = 16

    config.data.folders = (("datasets/synthetic_clips/small", 1.0),)
    config.data.steps = 60

    config.rollout.displacement = 0.02
    config.rollout.strengths = (0.5, 2.0)

    config.train.batch_size = 16
    config.train.epochs = 40
    config.train.steps_per_epoch = 50
    config.train.lr = 1e-3
    config.train.schedule = "cosine"
    config.train.warmup_steps = 50
    config.train.clip_norm = 1.0
    config.train.ema_decay = 0.99
    weights = {
        "log_acceleration": 1.0,
        "log_jerk": 1.0,
        "acceleration": 0.1,
        "jerk": 0.003,
        "cover": 300.0,
    }
    config.train.loss_weights = ((1, weights),)

    config.train.log_every = 10
    config.train.checkpoint_every = 500
    config.train.evaluate_every = 5
    config.train.best_measure = "restlessness"
    return config

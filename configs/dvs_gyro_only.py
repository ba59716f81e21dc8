"""Our network without optical flow: the weights shipped as `gyro_only`.

Reproduces: dvs_jax/weights/gyro_only, whose MODEL_CARD.md has its numbers.
Cost: about 25 minutes on two CPU cores.
Commands:
    python -m data.synthetic_clips --config poses --out datasets --imu LOG
    dvs-jax train --config configs/dvs_gyro_only.py --workdir runs/gyro_only
LOG is a real camera's gyro log (the card tells which); without `--imu` the motion is all synthetic.
"""

from ml_collections import ConfigDict

from dvs_jax.fused.settings import settings


def get_config() -> ConfigDict:
    """Return the config."""
    config = settings()

    config.model.flow = False  # poses alone
    # Sixteen linear filters smooth; a small recurrent part sets how strongly.
    config.model.lstm = (128, 128)
    config.model.fully_connected = (64,)
    config.model.filters = 16

    config.data.folders = (("datasets/synthetic_clips/poses", 1.0),)  # of 6 s each
    config.data.steps = 90  # 3 s at 30 frames/s, for slow motion
    # Curriculum: clips with little shake first; those near the limit of the margin later.
    config.data.largest_shake = ((1, 1.0), (6, 5.0))

    config.rollout.displacement = 0.005  # our networks start on the fitted real path
    # One network for every crop, and for clips that shake less or more than the data's.
    config.rollout.strengths = (0.2, 4.0)

    config.train.batch_size = 16  # windows
    config.train.epochs = 60  # 12,000 steps in all
    config.train.steps_per_epoch = 200  # 1.1 passes over the clips
    config.train.lr = 2e-3  # peak
    config.train.schedule = "cosine"  # down to 0 at the end
    config.train.warmup_steps = 100  # to the peak rate
    config.train.clip_norm = 1.0  # below the usual norm, against outliers
    config.train.ema_decay = 0.998  # over the last 500 steps; the shipped weights are the average
    # Logarithms weigh calm and shaky clips alike; small linear terms improve the mean. Without
    # `off_center`, networks learn to stay beside the camera once a pan has begun.
    weights = {
        "log_acceleration": 1.0,
        "log_jerk": 1.0,
        "acceleration": 0.3,
        "jerk": 0.01,
        "cover": 30.0,
        "off_center": 20.0,
    }
    config.train.loss_weights = ((1, weights),)  # from the first epoch on

    config.train.log_every = 50  # steps
    config.train.checkpoint_every = 1000  # steps
    config.train.evaluate_every = 5  # epochs
    config.train.best_measure = "restlessness"  # its best checkpoint is kept beside the last ones
    return config

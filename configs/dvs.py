"""Our network with optical flow. Its weights are not shipped yet.

It starts from the network without flow and learns, on clips whose sensors fail, what flow is good
for: half of them have a gyro whose clock is up to 30 ms off, whose rate is biased by up to 1 °/s,
or a lens that moves without a log.

Result so far: the encoder learns how the picture turned (to a tenth of the unit, 0.1°), the path
does not yet profit from it.
Cost: about ten minutes on two CPU cores, after configs/dvs_gyro_only.py.
Commands:
    python -m data.synthetic_clips --config small --out datasets
    dvs-jax train --config configs/dvs.py --workdir runs/fused
To start from a run of one's own instead of the shipped weights:
    dvs-jax train --config configs/dvs.py --workdir runs/fused \
        --config.model.start_from=runs/gyro_only/model
"""

from pathlib import Path

from ml_collections import ConfigDict

from dvs_jax.training import configuration


def get_config() -> ConfigDict:
    """Return the config."""
    config = configuration.load(Path(__file__).with_name("dvs_gyro_only.py"))

    config.model.flow = True
    # Turns of the camera move the whole picture: a sixteenth of the paper's width will do, and
    # makes the encoder two hundred times cheaper.
    config.model.flow_size = (30, 17)
    config.model.start_from = "gyro_only"

    # What flow tells of the camera's turn corrects the gyro; the core sees poses alone, as before.
    config.model.fusion = 64

    config.data.folders = (("datasets/synthetic_clips/small", 1.0),)
    config.data.steps = 60  # clips with flow are 2.7 s long
    config.data.largest_shake = ((1, 5.0),)  # the poses' part has had its calm clips

    config.rollout.strengths = (0.4, 2.5)

    # The core stays as it is: nothing but the camera's true turn is taught.
    config.train.loss_weights = ((1, {"camera_turn": 1.0}),)

    config.train.epochs = 60
    config.train.steps_per_epoch = 50
    config.train.lr = 2e-3
    config.train.log_every = 20
    config.train.checkpoint_every = 500
    config.train.evaluate_every = 10
    return config

"""Our network with optical flow: the weights shipped as `fused`.

It keeps the core of the network without flow and learns beside it how the camera truly turned: on
clips half of which have a gyro whose clock is up to 30 ms off, whose rate is biased by up to 1 °/s,
which is noisy, or a lens that moves without a log.

Reproduces: dvs_jax/weights/fused, whose MODEL_CARD.md has its numbers.
Cost: about eight minutes on two CPU cores, besides those of configs/dvs_gyro_only.py.
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

    config.model.flow = True  # what tells where the gyro errs
    # Turns of the camera move the whole picture: a sixteenth of the paper's width will do.
    config.model.flow_size = (30, 17)
    config.model.start_from = "gyro_only"  # whose core it keeps

    # What flow tells of the camera's turn corrects the gyro; the core sees poses alone, as before.
    config.model.fusion = 64

    config.data.folders = (("datasets/synthetic_clips/small", 1.0),)  # half of them with faults
    config.data.steps = 60  # clips with flow are 2.7 s long
    config.data.largest_shake = ((1, 5.0),)  # the poses' part has had its calm clips

    config.rollout.strengths = (1.0, 1.0)  # they do not matter to the camera's turn

    # The core stays as it is: nothing but the camera's true turn is taught.
    config.train.loss_weights = ((1, {"camera_turn": 1.0}),)

    config.train.epochs = 40  # 2,000 steps in all
    config.train.steps_per_epoch = 50  # 0.3 times through the clips
    config.train.lr = 2e-3  # at its highest
    config.train.log_every = 20  # steps
    config.train.checkpoint_every = 500  # steps
    config.train.evaluate_every = 10  # epochs
    return config

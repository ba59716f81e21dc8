"""Our network with optical flow: the weights shipped as `fused`.

It keeps the core of the network without flow and learns to correct the gyro by optical flow, on
clips half of which have sensor faults: a clock offset up to 30 ms, a bias up to 1 °/s, noise, or an
OIS without a log.

Reproduces: dvs_jax/weights/fused, whose MODEL_CARD.md has its numbers; its correction was trained
without the 400 clips from drones and bicycles. With them it does as well on the card's benchmark.
Cost: about eight minutes on two CPU cores, besides those of configs/dvs_gyro_only.py.
Commands:
    python -m data.synthetic_clips --config small --out datasets
    dvs-jax train --config configs/dvs.py --workdir runs/fused
To start from your own run instead of the shipped weights:
    dvs-jax train --config configs/dvs.py --workdir runs/fused \
        --config.model.start_from=runs/gyro_only/model
"""

from pathlib import Path

from ml_collections import ConfigDict

from dvs_jax.training import configuration


def get_config() -> ConfigDict:
    """Return the config."""
    config = configuration.load(Path(__file__).with_name("dvs_gyro_only.py"))

    config.model.flow = True  # to correct the gyro
    # Camera rotations move the whole image: a sixteenth of the paper's width is enough.
    config.model.flow_size = (30, 17)
    config.model.start_from = "gyro_only"  # its core is kept

    # Flow corrects the gyro; the core reads poses alone, as before.
    config.model.fusion = 64

    config.data.folders = (("datasets/synthetic_clips/small", 1.0),)  # half with faults
    config.data.steps = 60  # clips with flow are 2.7 s long
    config.data.largest_shake = ((1, 5.0),)  # no curriculum: the core is trained

    config.rollout.strengths = (1.0, 1.0)  # no effect on the estimated rotation

    # The core is not trained: the loss is on the estimated camera rotation alone.
    config.train.loss_weights = ((1, {"camera_turn": 1.0}),)

    config.train.epochs = 40  # 2,000 steps in all
    config.train.steps_per_epoch = 50  # 0.3 passes over the clips
    config.train.lr = 2e-3  # peak
    config.train.log_every = 20  # steps
    config.train.checkpoint_every = 500  # steps
    config.train.evaluate_every = 10  # epochs
    return config

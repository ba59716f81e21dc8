"""The paper's training, with the official program's losses, schedule and quirks.

Reproduces: Shi et al., Deep Online Fused Video Stabilization (WACV 2022), as the official program
trains it, on the released dataset at its full flow of 480 × 270. Two things differ. The official
program steps its optimiser after each of a window's 50 frames; here it is back-propagation through
time over the whole window, and an epoch has 50 steps, so the number of updates is the same. Windows
begin anywhere in a clip.
`VARIANT` chooses between the official program's schedule of losses and one in which follow and
angle are used throughout.

Cost: the official program took about 130 hours on an RTX 2080 Ti for 400 epochs of 16 clips.
`dvs-jax benchmark train` estimates it for this program on the machine at hand. The data take 10 GB
to download and about 1 MB a frame before compression. On the device a batch takes 0.8 GB and the
backward pass some 3.5 GB for each window of a micro-batch, two by default: with more memory or
several devices lower config.train.micro_batches.

Commands:
    python -m data.dvs_clips --config full --out datasets
    dvs-jax train --config configs/dvs_official.py --workdir runs/dvs_official
    dvs-jax stabilize CLIP --model runs/dvs_official/model
To go on from the official weights add --config.model.start_from=official.checkpoint.
"""

from ml_collections import ConfigDict

from dvs_jax.fused.settings import settings

VARIANT = "official"
"""Schedule of the losses, of `LOSS_WEIGHTS`: "official" or "throughout"."""

ALWAYS = {"smooth": 10.0, "c2_smooth": 200.0}
NEAR = {"follow": 10.0, "angle": 1.0}
COVERED = {"undefine": 2.0}
SEEN = {"optical": 0.1, "stay": 0.0}

LOSS_WEIGHTS = {
    # The virtual camera first learns to follow the real one; later only `undefine` limits it.
    "official": ((1, ALWAYS | NEAR), (31, ALWAYS | COVERED), (41, ALWAYS | COVERED | SEEN)),
    "throughout": (
        (1, ALWAYS | NEAR),
        (31, ALWAYS | NEAR | COVERED),
        (41, ALWAYS | NEAR | COVERED | SEEN),
    ),
}


def get_config() -> ConfigDict:
    """Return the config."""
    config = settings()

    config.model.flow = True  # the paper's network reads it
    config.model.flow_size = (480, 270)  # the paper's
    config.model.lstm = (512, 512)  # the paper's
    config.model.fully_connected = (256,)  # the paper's
    config.model.turn_unit = 1.0  # the official network reads quaternions as they are
    config.model.filters = 0  # the official network has no linear maps beside its layers
    config.model.official = True  # the official flow normalisation, grids and window start

    config.data.folders = (("datasets/dvs_clips/full", 1.0),)  # the released dataset
    config.data.steps = 50  # consecutive frames of a clip
    config.data.largest_shake = ((1, 180.0),)  # all clips from the first epoch on

    config.rollout.displacement = 0.06  # initial offset; the official program's

    config.train.batch_size = 16  # clips
    config.train.micro_batches = 8  # gradient accumulation, for 8 GB of memory
    config.train.epochs = 400  # the paper's
    config.train.steps_per_epoch = 50  # as many updates as in the official program
    config.train.lr = 1e-4  # Adam's; the paper's
    config.train.schedule = "step"  # halved once
    config.train.decay_epochs = 200  # after which it is halved
    config.train.decay_factor = 0.5  # the factor
    config.train.weight_decay = 1e-4  # the official program's
    config.train.decoupled_decay = False  # L2, added to the gradient, as in torch's Adam
    config.train.loss_weights = LOSS_WEIGHTS[VARIANT]  # by epoch
    config.train.log_every = 10  # steps
    config.train.checkpoint_every = 250  # steps: 5 epochs
    config.train.evaluate_every = 10  # epochs
    config.train.best_measure = "restlessness"  # its best checkpoint is kept beside the last ones
    return config

"""A few minutes on a CPU: checks that training StabGAN works from photographs to the model.

Cost: about ten minutes on two CPU cores, half of them for compiling: the motion's terms alone, then
    all of them, the discriminator's too.
Commands:
    python -m data.photographs datasets/photographs
    dvs-jax train --config configs/stabgan_smoke.py --workdir runs/stabgan_smoke
"""

from ml_collections import ConfigDict

from dvs_jax.stabgan.settings import settings


def get_config() -> ConfigDict:
    """Return the config."""
    config = settings()
    config.data.pieces = 60  # one or two of each photograph
    config.data.frames = 32  # of a clip
    config.train.batch_size = 2  # clips
    config.train.epochs = 4  # the last one with the discriminator
    config.train.steps_per_epoch = 10  # 40 in all
    config.train.lr = 1e-3  # peak
    config.train.schedule = "cosine"  # down to 0 at the end
    config.train.warmup_steps = 5  # to the peak rate
    config.train.clip_norm = 1.0  # of each network's gradient
    paths = {"paths": 1.0}
    motion = paths | {"supervised": 1.0, "smooth": 1.0, "inside": 1.0}
    looks = {"pixel": 10.0, "perceptual": 1.0}
    gan = {"gan": 0.05, "discriminator": 1.0, "r1": 1.0}
    config.train.loss_weights = ((1, paths), (2, motion), (4, motion | looks | gan))
    config.train.log_every = 1  # steps
    config.train.checkpoint_every = 20  # steps
    config.train.evaluate_every = 4  # epochs
    config.train.best_measure = "kept"  # its best checkpoint is kept
    return config

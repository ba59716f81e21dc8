"""Our StabGAN, which finds an affine map for each frame by frames alone.

Reproduces: no publication; "DeepStab-GAN", 2025, with other networks and losses (see
    `dvs_jax.stabgan.generator` and `dvs_jax.stabgan.objective`).
Cost: about an hour on two CPU cores (70 minutes beside other work).
Commands:
    python -m data.photographs datasets/photographs
    dvs-jax train --config configs/stabgan.py --workdir runs/stabgan
"""

from ml_collections import ConfigDict

from dvs_jax.stabgan.settings import settings


def get_config() -> ConfigDict:
    """Return the config."""
    config = settings()

    config.train.batch_size = 3  # clips of 64 frames
    config.train.micro_batches = 1  # all at once: on a CPU convolutions are slow in a loop
    config.train.epochs = 14  # 700 steps in all
    config.train.steps_per_epoch = 50
    config.train.lr = 1e-3  # the generator's peak; the discriminator has half of it
    config.train.schedule = "step"  # halved halfway, and again at the looks
    config.train.decay_epochs = 6
    config.train.decay_factor = 0.5
    config.train.warmup_steps = 20  # to the peak rate
    config.train.clip_norm = 1.0  # of each network's gradient: wild clips have large ones
    config.train.ema_decay = 0.99  # over the last 100 steps
    # First paths without pictures, which cost little; then the motion of clips; then how they look.
    paths = {"paths": 1.0}
    motion = paths | {"supervised": 1.0, "smooth": 1.0, "inside": 1.0}
    looks = {"pixel": 10.0, "perceptual": 1.0}
    gan = {"gan": 0.05, "discriminator": 1.0, "r1": 1.0}
    config.train.loss_weights = ((1, paths), (4, motion), (13, motion | looks | gan))

    config.train.log_every = 10  # steps
    config.train.checkpoint_every = 50  # steps
    config.train.evaluate_every = 2  # epochs
    config.train.best_measure = "kept"  # its best checkpoint is kept beside the last ones
    return config

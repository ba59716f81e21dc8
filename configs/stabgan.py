"""Our StabGAN, which finds an affine map for each frame by frames alone.

Reproduces: no publication; "DeepStab-GAN", 2025, with other networks and losses (see
    `dvs_jax.stabgan.generator` and `dvs_jax.stabgan.objective`).
Cost: a night on two CPU cores (an estimate: it was not run to its end).
Commands:
    python -m data.photographs datasets/photographs
    dvs-jax train --config configs/stabgan.py --workdir runs/stabgan
"""

from ml_collections import ConfigDict

from dvs_jax.stabgan.settings import settings


def get_config() -> ConfigDict:
    """Return the config."""
    config = settings()

    config.train.batch_size = 8  # clips of 48 frames
    config.train.micro_batches = 1  # all at once: on a CPU convolutions are slow in a loop
    config.train.epochs = 100  # 5,000 steps in all
    config.train.steps_per_epoch = 50
    config.train.lr = 2e-4  # the generator's; the discriminator has half of it
    config.train.clip_norm = 1.0  # of each network's gradient: wild clips have large ones
    config.train.ema_decay = 0.999  # over the last 1,000 steps
    # First the motion alone, which is cheap and what matters; then how it looks as well.
    motion = {"supervised": 1.0, "smooth": 20.0, "inside": 5.0}
    looks = {"pixel": 10.0, "perceptual": 1.0}
    gan = {"gan": 0.05, "discriminator": 1.0, "r1": 1.0}
    config.train.loss_weights = ((1, motion), (71, motion | looks | gan))

    config.train.log_every = 10  # steps
    config.train.checkpoint_every = 50  # steps
    config.train.evaluate_every = 5  # epochs
    config.train.best_measure = "kept"  # its best checkpoint is kept beside the last ones
    return config

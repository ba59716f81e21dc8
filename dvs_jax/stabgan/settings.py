"""Every field of the configs that train our StabGAN."""

from ml_collections import ConfigDict

from dvs_jax.stabgan import objective
from dvs_jax.training import settings as training


def settings() -> ConfigDict:
    """Return the config that a file in configs/ starts from and then changes."""
    config = ConfigDict()
    config.system = "stabgan"  # whose networks are trained
    config.data = _data()
    config.model = _model()
    config.train = training.settings()
    config.train.adam_beta = 0.5  # as usual against a discriminator
    config.train.parts = (("generator", 1.0), ("discriminator", 0.5))  # and factors of their rates
    config.train.leave_out_terms = True  # paths cost little, motion more, looks most
    # One that always knows has nothing left to teach.
    config.train.slowed = (("discriminator", objective.ACCURACY, 0.95, 500),)
    return config.lock()


def _data() -> ConfigDict:
    data = ConfigDict()
    data.photographs = "datasets/photographs/train"  # folder of pictures of which scenes are made
    data.held_out = "datasets/photographs/held_out"  # likewise for evaluation
    data.pieces = 150  # cut out of them, 512 × 512 in colour, which stay in memory
    data.frames = 64  # of a clip
    return data


def _model() -> ConfigDict:
    model = ConfigDict()
    model.similarity = True  # whether frames are only shifted, turned and zoomed, not sheared
    model.perceptual = "pyramid"  # the features that are compared: vgg19, random or pyramid
    model.vgg19 = ""  # torchvision's file of VGG-19's weights, for "vgg19"
    return model

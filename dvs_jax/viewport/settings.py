"""Every field of the configs that train networks which predict viewports."""

from ml_collections import ConfigDict

from dvs_jax.training import settings as training
from dvs_jax.viewport.starvp import architecture


def settings() -> ConfigDict:
    """Return the config that a file in configs/ starts from and then changes."""
    config = ConfigDict()
    config.system = "viewport"  # whose networks are trained
    config.network = ConfigDict(architecture.to_dict(architecture.Architecture()))
    config.loss = "orthodromic"  # or horizon, or mse
    config.data = _data()
    config.train = training.settings()
    return config.lock()


def _data() -> ConfigDict:
    data = ConfigDict()
    data.folder = ""  # a dataset of `python -m data.viewport_traces`; "" to make viewers up
    data.seed = 1  # of made-up videos and viewers
    data.videos = 160  # of them, 30 s each
    data.viewers = 6  # of each video
    data.stride = 5  # samples, of which there are five a second, from one window to the next
    data.known_viewers = False  # the same watch all videos, and the network learns to know each
    data.absent = 0.0  # chance that a viewer follows nothing in a scene, which the face tells
    data.held_out_seed = 2  # of those on which the network is evaluated
    data.held_out_videos = 40  # likewise
    return data

"""Every field of the configs that train our StabNet."""

from ml_collections import ConfigDict

from dvs_jax.training import settings as training


def settings() -> ConfigDict:
    """Return the config that a file in configs/ starts from and then changes."""
    config = ConfigDict()
    config.system = "stabnet"  # whose networks are trained
    config.data = _data()
    config.train = training.settings()
    return config.lock()


def _data() -> ConfigDict:
    data = ConfigDict()
    data.photographs = "datasets/photographs/train"  # folder of pictures of which scenes are made
    data.held_out = "datasets/photographs/held_out"  # likewise for evaluation
    data.pieces = 300  # cut out of them, 512 × 512, which stay in memory
    data.frames = 6  # of a sequence, of which each but the first is steadied
    return data

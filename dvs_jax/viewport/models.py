"""Networks that predict viewports, by name or folder."""

from pathlib import Path

from dvs_jax import pretrained
from dvs_jax.errors import InputError
from dvs_jax.viewport.starvp import weights
from dvs_jax.viewport.starvp.network import Network

DEFAULT_MODEL = "viewport"
"""The shipped one."""


def load_model(which: str | Path = DEFAULT_MODEL) -> Network:
    """Load a network.

    Args:
        which: the name of shipped weights, or an Orbax folder.

    Raises:
        InputError: there is none of that name, or the folder holds another model or is damaged.
    """
    path = Path(which) if Path(which).exists() else pretrained.locate(str(which))
    if not path.is_dir():
        raise InputError(f"{path}: is a file, not a model's folder; turn it into one by convert")
    return weights.load(path)

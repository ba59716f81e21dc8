"""The model that a run ends with."""

from collections.abc import Callable
from pathlib import Path

import jax

from dvs_jax.whole_file import replacing

FOLDER = "model"


def write(workdir: Path, save: Callable[[Path], None]) -> Path:
    """Write a run's model, replacing an earlier one; of several processes the first does.

    Args:
        workdir: the run's folder.
        save: writes the model as a folder that is not there yet.

    Returns:
        The model's folder.
    """
    folder = workdir / FOLDER
    if jax.process_index() == 0:
        with replacing(folder) as unfinished:
            save(unfinished)
            if folder.exists():
                folder.replace(unfinished.with_name("earlier"))
    return folder

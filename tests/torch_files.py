"""Files as `torch.save` writes them, made without PyTorch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tests.test_torch_file import pickled, storage, tensor, write_zip


def save(path: Path, content: Mapping[str, Any]) -> Path:
    """Write a dictionary of float32 arrays, other values, and dictionaries of these."""
    storages: dict[str, np.ndarray] = {}
    return write_zip(path, pickled(_told(content, storages)), storages)


def _told(value: Any, storages: dict[str, np.ndarray]) -> Any:
    if isinstance(value, Mapping):
        return {name: _told(each, storages) for name, each in value.items()}
    if not isinstance(value, np.ndarray):
        return value
    key = str(len(storages))
    stored = np.array(value, np.float32, order="C")
    storages[key] = stored
    strides = tuple(stride // 4 for stride in stored.strides)
    return tensor(storage("FloatStorage", key, value.size), 0, value.shape, strides)

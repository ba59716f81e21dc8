"""Video stabilisation by learned models, in JAX and Flax.

clip = dvs_jax.load_clip("folder")                      # a video with its sensor logs
model = dvs_jax.load_model("official.checkpoint")       # an official file or an Orbax folder
path = dvs_jax.predict_trajectory(model, clip)          # the virtual camera's path
report = dvs_jax.stabilize(clip, "out", model=model)    # videos, trajectory, plot and metrics
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dvs_jax.clip import Clip, load_clip
    from dvs_jax.stabilization import load_model, predict_trajectory, stabilize

__version__: str

__all__ = [
    "Clip",
    "__version__",
    "load_clip",
    "load_model",
    "predict_trajectory",
    "quaternion",
    "stabilize",
]

_HOMES = {
    "Clip": "dvs_jax.clip",
    "load_clip": "dvs_jax.clip",
    "load_model": "dvs_jax.stabilization",
    "predict_trajectory": "dvs_jax.stabilization",
    "stabilize": "dvs_jax.stabilization",
}


def __getattr__(name: str) -> Any:
    """Import public names when they are first used, so that `import dvs_jax` stays fast."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name == "quaternion":
        return importlib.import_module("dvs_jax.quaternion")
    if name == "__version__":
        return _installed_version()
    raise AttributeError(f"module 'dvs_jax' has no attribute {name!r}")


def _installed_version() -> str:
    from importlib import metadata

    try:
        return metadata.version("dvs-jax")
    except metadata.PackageNotFoundError:  # a checkout that was not installed
        return "unknown"


def __dir__() -> list[str]:
    """Name what is public, imported or not."""
    return sorted(__all__)

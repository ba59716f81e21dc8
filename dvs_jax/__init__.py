"""Video stabilisation by learned models, in JAX and Flax.

clip = dvs_jax.load_clip("folder")                      # a video with its sensor logs
model = dvs_jax.load_model("official.checkpoint")       # an official file or an Orbax folder
path = dvs_jax.predict_trajectory(model, clip)          # the virtual camera's path
report = dvs_jax.stabilize(clip, "out", model=model)    # videos, trajectory, plot and metrics
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dvs_jax.clip import load_clip
    from dvs_jax.fused.prediction import predict_trajectory
    from dvs_jax.fused.weights import load_model
    from dvs_jax.stabilization.stabilize import stabilize

__all__ = ["load_clip", "load_model", "predict_trajectory", "quaternion", "stabilize"]

_HOMES = {
    "load_clip": "dvs_jax.clip",
    "load_model": "dvs_jax.fused.weights",
    "predict_trajectory": "dvs_jax.fused.prediction",
    "stabilize": "dvs_jax.stabilization.stabilize",
}


def __getattr__(name: str) -> Any:
    """Import the public names when they are first asked for: `import dvs_jax` stays quick."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name == "quaternion":
        return importlib.import_module("dvs_jax.quaternion")
    raise AttributeError(f"module 'dvs_jax' has no attribute {name!r}")

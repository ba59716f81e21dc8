"""Where a viewer of a 360° video looks in the next seconds.

state = viewport.start(viewport.load_model(), salxyz)
state, seen = viewport.step(state, time_s, direction)      # seen.direction [25, 3], seen.tiles, …
"""

from dvs_jax.viewport.inference import predict
from dvs_jax.viewport.live import Seen, State, start, step
from dvs_jax.viewport.models import DEFAULT_MODEL, load_model
from dvs_jax.viewport.starvp.network import Network, Prediction

__all__ = [
    "DEFAULT_MODEL",
    "Network",
    "Prediction",
    "Seen",
    "State",
    "load_model",
    "predict",
    "start",
    "step",
]

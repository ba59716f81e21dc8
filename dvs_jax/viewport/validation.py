"""Evaluates a network in training on unseen viewers of unseen videos."""

from typing import Any

import jax
import numpy as np
from flax import nnx

from dvs_jax.viewport import sphere
from dvs_jax.viewport.dataset import Dataset
from dvs_jax.viewport.score import RANGES
from dvs_jax.viewport.starvp.network import Network, Prediction
from dvs_jax.viewport.starvp.objective import window_of

_BATCH = 256


class HeldOut:
    """Windows on which a network is evaluated."""

    def __init__(self, graph: nnx.GraphDef[Network], dataset: Dataset):
        """Keep the windows."""
        self._dataset = dataset

        def run(params: nnx.State, *window: Any) -> Prediction:
            return nnx.merge(graph, params)(*window)

        self._run = jax.jit(jax.vmap(run, (None, 0, 0, 0, 0, 0)))

    def predict(self, params: nnx.State) -> Prediction:
        """Return the predictions of all windows, [window, ...], on the host."""
        found = []
        for begin in range(0, len(self._dataset), _BATCH):
            # All batches have one size, so that the function is compiled once.
            chosen = np.arange(begin, begin + _BATCH) % len(self._dataset)
            each = self._dataset.examples(chosen, np.zeros(_BATCH, np.uint32))
            found.append(jax.device_get(self._run(params, *window_of(each))))
        count = len(self._dataset)
        return jax.tree.map(lambda *parts: np.concatenate(parts)[:count], *found)

    def measure(self, params: nnx.State) -> dict[str, float]:
        """Return mean errors in degrees, of all ranges of steps, and mean gates."""
        found = self.predict(params)
        error = np.degrees(sphere.distance(found.direction, self._dataset.windows.future))
        measures = {
            f"error_{name.replace(' ', '_')}": float(error[:, steps].mean())
            for name, steps in RANGES.items()
            # A network may predict fewer steps than a range begins with.
            if error[:, steps].size
        }
        first, last = (float(found.gate[:, step].mean()) for step in (0, -1))
        return measures | {"gate_first": first, "gate_last": last}

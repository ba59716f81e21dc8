"""A regression that trains in no time: its loss, its data, its config."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from dvs_jax.training.settings import settings

FEATURES = 3


class Point(NamedTuple):
    """x f32 [FEATURES], y f32 [], seed uint32 []."""

    x: np.ndarray
    y: np.ndarray
    seed: np.ndarray


def loss(params, point, key, weights):
    """Squared error under a little noise on the input, and the squared size of the parameters."""
    noisy = point.x + 0.01 * jax.random.normal(key, (FEATURES,))
    hidden = jnp.tanh(params["layers"][0]["w"] @ noisy + params["layers"][0]["b"])
    terms = {
        "error": (params["out"] @ hidden - point.y) ** 2,
        "size": (params["out"] ** 2).sum(),
    }
    return sum(weights[name] * value for name, value in terms.items()), terms


def params(seed=0):
    rng = np.random.default_rng(seed)
    layer = {
        "w": rng.normal(size=(4, FEATURES)).astype(np.float32),
        "b": np.zeros(4, np.float32),
    }
    return {"layers": [layer], "out": rng.normal(size=4).astype(np.float32)}


def points(count, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, FEATURES)).astype(np.float32)
    y = np.sin(x.sum(axis=1)).astype(np.float32)
    return Point(x, y, rng.integers(2**32, size=count, dtype=np.uint32))


class Stream:
    """Endless batches; each depends on its number alone."""

    def __init__(self, size, part=slice(None)):
        self.size, self.part, self.number = size, part, 0

    def __iter__(self):
        return self

    def __next__(self):
        batch = points(self.size, seed=self.number)
        self.number += 1
        return jax.tree.map(lambda x: x[self.part], batch)

    def get_state(self):
        return {"number": self.number}

    def set_state(self, state):
        self.number = state["number"]


def config(**changes):
    config = ConfigDict({"train": settings()})
    config.train.batch_size = 16
    config.train.epochs, config.train.steps_per_epoch = 2, 5
    config.train.lr = 0.01
    config.train.loss_weights = ((1, {"error": 1.0}), (2, {"error": 1.0, "size": 0.1}))
    config.train.log_every, config.train.checkpoint_every = 1, 2
    for name, value in changes.items():
        config.train[name] = value
    config.lock()
    return config

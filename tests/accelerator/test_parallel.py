"""Training on all local devices, by pmap and by shard_map, against one processor."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.training import parallel
from dvs_jax.training.optimizer import make_optimizer
from dvs_jax.training.settings import settings
from dvs_jax.training.state import begin
from dvs_jax.training.step import make_step

pytestmark = pytest.mark.accelerator

FEATURES, HIDDEN, STEPS = 3, 16, 5


class Point(NamedTuple):
    """x float32 [FEATURES], y float32 [], seed uint32 []."""

    x: np.ndarray
    y: np.ndarray
    seed: np.ndarray


def loss(params, point, key, weights):
    # Sums, not products of matrices, which an accelerator rounds more than a processor does.
    noisy = point.x + 0.01 * jax.random.normal(key, (FEATURES,))
    hidden = jnp.tanh((params["inner"] * jnp.broadcast_to(noisy, (HIDDEN, FEATURES))).sum(axis=1))
    error = ((params["outer"] * hidden).sum() - point.y) ** 2
    return weights["error"] * error, {"error": error}


def trained(kind: str, devices: list[jax.Device]) -> dict[str, np.ndarray]:
    """The parameters after some steps, the same data for any number of devices."""
    train = settings()
    train.parallel, train.batch_size, train.lr = kind, 16 * jax.local_device_count(), 0.01
    train.loss_weights = ((1, {"error": 1.0}),)
    rng = np.random.default_rng(0)
    params = {
        "inner": rng.normal(size=(HIDDEN, FEATURES)).astype(np.float32),
        "outer": rng.normal(size=HIDDEN).astype(np.float32),
    }
    on = parallel.all_devices(train, devices)
    step = make_step(loss, train, on)
    state = on.replicate(begin(params, make_optimizer(train), 0.0, 0))
    weights = on.replicate({"error": np.float32(1.0)})
    for _ in range(STEPS):
        x = rng.normal(size=(train.batch_size, FEATURES)).astype(np.float32)
        seeds = rng.integers(2**32, size=train.batch_size, dtype=np.uint32)
        batch = on.distribute(Point(x, np.sin(x.sum(axis=1)), seeds))
        state, _ = step(state, batch, weights)
    return jax.device_get(state.params)


@pytest.mark.slow
@pytest.mark.parametrize("kind", parallel.KINDS)
def test_training_on_all_devices(kind, cpu, agree):
    found, wanted = trained(kind, jax.local_devices()), trained("shard_map", [cpu])
    for name, array in wanted.items():
        agree(f"{name} layer after {STEPS} steps by {kind}", found[name], array, 1e-4)

"""Takes two training steps in miniature by pmap and shard_map: python -m viewport.run_steps FILE.

Runs on eight virtual devices, a window each. FILE.npz holds each kind's weights and total loss,
by "KIND/name", and those that it began with, by "before/name".
"""

import sys
from functools import partial

import jax
import numpy as np


def steps(kind, loss, params, batches):
    from dvs_jax.training import parallel
    from dvs_jax.training.optimizer import make_optimizer
    from dvs_jax.training.state import begin
    from dvs_jax.training.step import make_step
    from dvs_jax.viewport.settings import settings

    train = settings().train
    train.parallel, train.batch_size, train.lr = kind, 8, 1e-3
    devices = parallel.all_devices(train)
    step = make_step(loss, train, devices)
    state = devices.replicate(begin(params, make_optimizer(train), 0.0, 0))
    names = ("fused", "motion", "content")
    weights = devices.replicate({name: np.float32(1.0) for name in names})
    for batch in batches:
        state, metrics = step(state, devices.distribute(batch), weights)
    return jax.device_get(state.params), float(metrics["total"])


def named(tree):
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in leaves}


def main(file):
    from flax import nnx

    from dvs_jax.training.parallel import KINDS
    from dvs_jax.viewport import dataset
    from dvs_jax.viewport.dataset import Batches
    from dvs_jax.viewport.starvp import objective
    from dvs_jax.viewport.starvp.architecture import Architecture
    from dvs_jax.viewport.starvp.network import Network

    assert jax.device_count() == 8
    of = Architecture(
        past=5, future=4, points=8, lstm=8, lstm_layers=1, width=8, heads=4, mlp=8, blocks=1,
        position=5, gate=8, turn=True, residual=True, damped_prior=True,
    )  # fmt: skip
    drawn = dataset.synthetic(1, 2, 2, 20, of)
    graph, params = nnx.split(Network(of, nnx.Rngs(0)))
    params = jax.device_get(params)
    found = {f"before/{name}": leaf for name, leaf in named(params).items()}
    for kind in KINDS:
        stream = Batches(drawn, 8, 0)
        batches = [next(stream) for _ in range(2)]
        loss = partial(objective.window_loss, graph, "orthodromic", False)
        trained, total = steps(kind, loss, params, batches)
        found |= {f"{kind}/{name}": leaf for name, leaf in named(trained).items()}
        found[f"{kind}/total"] = np.float32(total)
    np.savez(file, **found)


if __name__ == "__main__":
    main(sys.argv[1])

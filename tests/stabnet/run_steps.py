"""Takes two training steps in miniature by pmap and by shard_map: python -m stabnet.run_steps FILE.

Runs on eight virtual devices, a sequence each. FILE.npz holds each kind's weights and total loss,
by "KIND/name", and those that it began with, by "before/name".
"""

import sys
from functools import partial

import jax
import numpy as np


def example(seed):
    from dvs_jax.stabnet.sequences import Example

    rng = np.random.default_rng(seed)
    return Example(np.uint32(seed), rng.integers(0, 255, (4, 512, 512), dtype=np.uint8))


def steps(kind, loss, params):
    from dvs_jax.stabnet.settings import settings
    from dvs_jax.training import parallel
    from dvs_jax.training.optimizer import make_optimizer
    from dvs_jax.training.state import begin
    from dvs_jax.training.step import make_step

    train = settings().train
    train.parallel, train.batch_size, train.lr = kind, 8, 1e-3
    devices = parallel.all_devices(train)
    step = make_step(loss, train, devices)
    state = devices.replicate(begin(params, make_optimizer(train), 0.0, 0))
    weights = devices.replicate({"half": np.float32(1.0), "quarter": np.float32(1.0)})
    for number in range(2):
        batch = jax.tree.map(
            lambda *each: np.stack(each), *[example(8 * number + i) for i in range(8)]
        )
        state, metrics = step(state, devices.distribute(batch), weights)
    return jax.device_get(state.params), float(metrics["total"])


def named(tree):
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in leaves}


def main(file):
    from flax import nnx

    from dvs_jax.stabnet import objective, sequences
    from dvs_jax.stabnet.network import Network
    from dvs_jax.training.parallel import KINDS

    assert jax.device_count() == 8
    sequences.SIZE = (64, 36)
    graph, params = nnx.split(Network(nnx.Rngs(0)))
    params = jax.device_get(params)
    found = {f"before/{name}": leaf for name, leaf in named(params).items()}
    for kind in KINDS:
        trained, total = steps(kind, partial(objective.sequence_loss, graph, 2), params)
        found |= {f"{kind}/{name}": leaf for name, leaf in named(trained).items()}
        found[f"{kind}/total"] = np.float32(total)
    np.savez(file, **found)


if __name__ == "__main__":
    main(sys.argv[1])

"""Prints what the toy's compiled step averages over virtual devices: python -m …all_reduced.

A line of JSON: for each kind of parallelism and number of devices, the bytes of all all-reduces
and the size of their groups.
"""

import json
import re

import jax
import numpy as np

from dvs_jax.training import parallel
from dvs_jax.training.optimizer import make_optimizer
from dvs_jax.training.state import begin
from dvs_jax.training.step import make_step
from tests.training import toy

DEVICES = (2, 4, 8)


def compiled(kind: str, count: int) -> str:
    """Return the program of the toy's step as XLA's text."""
    train = toy.config(parallel=kind).train
    devices = parallel.all_devices(train, jax.devices()[:count])
    step = make_step(toy.loss, train, devices)
    state = devices.replicate(begin(toy.params(), make_optimizer(train), train.ema_decay, 0))
    weights = devices.replicate({"error": np.float32(1.0), "size": np.float32(0.1)})
    return step.lower(state, devices.distribute(toy.points(16)), weights).compile().as_text()


def reduced(program: str) -> dict[str, int]:
    """Return the bytes of a program's all-reduces, all float32, and the devices of a group."""
    calls = re.findall(r"= (.*?) all-reduce(?:-start)?\((.*)", program)
    shapes = [shape for kinds, _ in calls for shape in re.findall(r"f32\[([\d,]*)\]", kinds)]
    sizes = [int(np.prod([int(side) for side in shape.split(",") if side])) for shape in shapes]
    # Listed; or counted, as one group, or as the axis of a mesh (from JAX 0.12 on).
    forms = r"replica_groups=(?:\{\{([\d,]+)\}|\[1,(\d+)\]|mesh\['\w+'=(\d+))"
    listed, *counted = re.findall(forms, calls[0][1])[0]
    devices = len(listed.split(",")) if listed else int("".join(counted))
    return {"bytes": 4 * sum(sizes), "devices": devices}


if __name__ == "__main__":
    found = {
        f"{kind} {count}": reduced(compiled(kind, count))
        for kind in parallel.KINDS
        for count in DEVICES
    }
    print(json.dumps(found))

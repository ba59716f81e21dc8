"""Trains the toy in a process of its own: python -m training.run_toy WORKDIR CHANGES PAUSE_S.

CHANGES is JSON, of `toy.config`; PAUSE_S is how long each batch takes to load. The final
parameters are left in WORKDIR/final.npz. `start`, `start_several` and `run` start it.
"""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import virtual_devices

TESTS = Path(__file__).resolve().parents[1]


def start(workdir, devices=1, pause_s=0.0, environment=None, module="training.run_toy", **changes):
    """Start the process on so many virtual CPU devices."""
    environment = {
        **os.environ,
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": virtual_devices.flags(devices),
        "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)]),
        **(environment or {}),
    }
    return subprocess.Popen(
        [sys.executable, "-m", module, str(workdir), json.dumps(changes), str(pause_s)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def start_several(workdir, count=2, devices=4, **changes):
    """Start processes of so many virtual CPU devices each, that join."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    shared = {
        "JAX_COORDINATOR_ADDRESS": address,
        "JAX_NUM_PROCESSES": str(count),
        "JAX_CPU_COLLECTIVES_IMPLEMENTATION": "gloo",
    }
    return [
        start(workdir, devices, environment=shared | {"JAX_PROCESS_ID": str(index)}, **changes)
        for index in range(count)
    ]


def run(workdir, devices=1, **changes):
    """Run it to its end; return the final parameters by name."""
    return finish(start(workdir, devices, **changes), workdir)


def finish(process, workdir):
    """Wait for the end of a process that is to succeed; return the final parameters by name."""
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return read_final(workdir)


def finish_all(processes, workdir):
    """Wait for the end of processes that are to succeed; leave none behind if one fails."""
    try:
        for process in processes:
            final = finish(process, workdir)
    finally:
        for process in processes:
            process.kill()
    return final


def read_final(workdir):
    import numpy as np

    with np.load(Path(workdir) / "final.npz") as final:
        return dict(final)


def main(workdir, changes, pause_s):
    import jax
    import numpy as np

    from dvs_jax.training import loop, parallel

    from . import toy

    config = toy.config(**changes)
    parallel.join_hosts(config.train)
    part = parallel.own_part(config.train.batch_size)

    class SlowStream(toy.Stream):
        def __next__(self):
            time.sleep(pause_s)
            return super().__next__()

    batches = SlowStream(config.train.batch_size, part)
    final = loop.train(config, workdir, toy.params(), toy.loss, batches)
    if jax.process_index() == 0:
        leaves = jax.tree_util.tree_leaves_with_path(final)
        named = {jax.tree_util.keystr(path): leaf for path, leaf in leaves}
        np.savez(workdir / "final.npz", **named)


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]), float(sys.argv[3]))

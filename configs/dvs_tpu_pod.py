r"""The network of configs/dvs.py on a TPU pod, or on any number of processes.

Reproduces: the shipped network's architecture and losses, at 64 times the batch and in bfloat16.
The batch is global: 1024 windows a step over all chips together, so the result does not depend on
how many there are. The learning rate grows with the square root of the batch, after a longer
warm-up. With this batch two thousand steps are 850 passes over the `small` dataset: change
`clips` in data/synthetic_clips to draw more, at a tenth of a second each.

Cost: not measured on a pod. The step agrees to 1e-5 between one device, eight, and two processes
of four, under pmap and shard_map (tests/training/test_parallel.py).
Every host reads the data from its own disk, or from one that they share.

Commands, after python -m data.synthetic_clips --config small --out datasets on every host.
On a TPU pod, the same command on all of its hosts; they find one another:
    gcloud compute tpus tpu-vm ssh POD --worker=all --command='cd dvs_jax &&
        .venv/bin/dvs-jax train --config configs/dvs_tpu_pod.py --workdir /shared/runs/pod'
As two processes on one machine, to try it out (the second has JAX_PROCESS_ID=1):
    JAX_COORDINATOR_ADDRESS=localhost:1234 JAX_NUM_PROCESSES=2 JAX_PROCESS_ID=0 \
        JAX_PLATFORMS=cpu JAX_CPU_COLLECTIVES_IMPLEMENTATION=gloo \
        dvs-jax train --config configs/dvs_tpu_pod.py --workdir runs/pod --config.train.batch_size=8
Slurm and Open MPI need none of these variables. --workdir is a folder that all hosts see.
"""

from pathlib import Path

from ml_collections import ConfigDict

from dvs_jax.training import configuration


def get_config() -> ConfigDict:
    """Return the config."""
    config = configuration.load(Path(__file__).with_name("dvs.py"))

    config.rollout.bfloat16 = True  # fastest on TPUs

    config.train.several_hosts = True  # join the other processes first
    config.train.parallel = "shard_map"  # one program over a mesh of all chips
    config.train.batch_size = 1024  # windows a step, over all chips together
    config.train.lr = 8 * config.train.lr  # square root of the batch's factor of 64
    config.train.warmup_steps = 200  # steps to the peak rate
    return config

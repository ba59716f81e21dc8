"""Speed of training: steps of several sizes, and scaling of one over virtual devices."""

import os
import subprocess
import sys
from collections.abc import Sequence

import jax

from dvs_jax.benchmarks.report import Column, Report, Table, Value
from dvs_jax.benchmarks.training_step import (
    BATCH,
    SCALED,
    STEPS,
    Case,
    StepSpeed,
    measure_step,
)
from dvs_jax.errors import InputError
from dvs_jax.progress import Track, silently

PAPER_EPOCHS = 400
PAPER_UPDATES_PER_EPOCH = STEPS
"""The official program updates its weights after each of the 50 frames of its one batch."""

PAPER_HOURS = 130.0
"""Hours that the official program took on an RTX 2080 Ti, for 16 clips."""

VIRTUAL_DEVICES = (1, 2, 4, 8)

FULL_FLOW_WINDOWS_ON_CPU = 1
"""Windows a step with the paper's flow on a CPU, where sixteen take minutes.

Nearly all time goes into the convolutions there, so a window costs the same in either step.
"""

CASES = (
    Case("paper", (480, 270), micro_batches=8),
    Case("paper", (120, 68)),
    Case("paper"),
    Case("ours", (30, 17)),
    SCALED,
)

_SHARED_CORES = "Virtual devices share the cores: where one device keeps them busy, 1 is ideal."

_SPEED_COLUMNS = (Column("s a step", ".3g"), Column("windows/s", ".3g"), Column("ratio", ".2f"))
_STEP_COLUMNS = (Column("network"), Column("flow"), Column("windows", "d"), *_SPEED_COLUMNS)
_SCALING_COLUMNS = (Column("devices"), *_SPEED_COLUMNS)


def measure(track: Track = silently) -> Report:
    """Time training on all local devices, and on virtual ones.

    Args:
        track: reports every measurement.

    Raises:
        InputError: the devices cannot share a batch, or a process fails.
    """
    cases = track(CASES, len(CASES), "steps")
    steps = [measure_step(case, _windows_of(case)) for case in cases]
    counts = track(VIRTUAL_DEVICES, len(VIRTUAL_DEVICES), "scaling")
    return report_of(steps, [_on_virtual_devices(count) for count in counts])


def report_of(steps: Sequence[StepSpeed], scaling: Sequence[StepSpeed]) -> Report:
    """Return the report of step times.

    Args:
        steps: of `CASES`, the paper's first.
        scaling: of `SCALED` on increasing numbers of virtual CPU devices.
    """
    device = jax.devices()[0].device_kind
    title = f"training on {device}: windows of {STEPS} steps, {BATCH} a step"
    step_rows = tuple(
        (each.case.network, each.case.flow, each.windows, *_speed(each, steps[0])) for each in steps
    )
    scaling_rows = tuple((each.devices, *_speed(each, scaling[0])) for each in scaling)
    scaled = f"{SCALED.network}, flow {SCALED.flow}, on virtual devices of one CPU"
    hours = paper_hours(steps[0])
    return Report(
        "train",
        (
            Table(title, _STEP_COLUMNS, step_rows, drawn=("windows/s",)),
            Table(scaled, _SCALING_COLUMNS, scaling_rows, drawn=("windows/s",)),
        ),
        remarks=(_SHARED_CORES, _estimate(hours)),
        details={"paper_hours": hours},
    )


def _speed(step: StepSpeed, reference: StepSpeed) -> tuple[Value, ...]:
    return step.seconds, step.windows_per_s, step.windows_per_s / reference.windows_per_s


def paper_hours(step: StepSpeed) -> float:
    """Return the hours of computing for the paper's recipe, without reading the data.

    That is 400 epochs of 50 updates, each on 16 windows of 50 steps with flow of 480 × 270, as in
    configs/dvs_official.py.

    Args:
        step: of its network, with its flow.
    """
    return PAPER_EPOCHS * PAPER_UPDATES_PER_EPOCH * BATCH / step.windows_per_s / 3600.0


def _estimate(hours: float) -> str:
    updates = PAPER_EPOCHS * PAPER_UPDATES_PER_EPOCH
    return (
        f"The paper's recipe would take {hours:.1f} h here, the data's reading not "
        f"counted: {PAPER_EPOCHS} epochs on 16 clips are {updates} updates, "
        f"{PAPER_UPDATES_PER_EPOCH} an epoch as in the official program, each on {BATCH} "
        f"windows (with one update an epoch, {hours / PAPER_UPDATES_PER_EPOCH:.2f} "
        f"h). The official program took about {PAPER_HOURS:.0f} h on an RTX 2080 Ti."
    )


def _windows_of(case: Case) -> int:
    on_cpu = jax.default_backend() == "cpu"
    return FULL_FLOW_WINDOWS_ON_CPU if on_cpu and case.micro_batches > 1 else BATCH


def _on_virtual_devices(count: int) -> StepSpeed:
    seconds = _seconds_on(count)
    return StepSpeed(SCALED, count, BATCH, seconds)


def _seconds_on(virtual_devices: int) -> float:
    own = os.environ.get("XLA_FLAGS", "")
    flags = f"{own} --xla_force_host_platform_device_count={virtual_devices}"
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags}
    command = [sys.executable, "-m", "dvs_jax.benchmarks.training_step"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    if run.returncode:
        last = (run.stderr.strip() or "no message").splitlines()[-1]
        raise InputError(f"training on {virtual_devices} virtual devices fails: {last}")
    return float(run.stdout)

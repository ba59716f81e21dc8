"""The training loop, from the first step or from the newest checkpoint."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import jax
import numpy as np
from jaxtyping import PyTree
from ml_collections import ConfigDict

from dvs_jax.errors import InputError, reading
from dvs_jax.training import batches as loading
from dvs_jax.training import checkpoints as checkpointing
from dvs_jax.training import hosts, operations, parallel, preemption, profiling, schedule
from dvs_jax.training.batches import Batches, Placed
from dvs_jax.training.board import Picture
from dvs_jax.training.checkpoints import Checkpoints
from dvs_jax.training.logs import Log
from dvs_jax.training.optimizer import make_optimizer
from dvs_jax.training.parallel import Devices
from dvs_jax.training.profiling import Profile
from dvs_jax.training.settings import require_sound
from dvs_jax.training.state import Params, TrainState, begin, best_params, to_host
from dvs_jax.training.step import Loss, Metrics, Step, Weights, make_step
from dvs_jax.whole_file import locked

Evaluate = Callable[[Params], Mapping[str, float]]
Paint = Callable[[Params], Picture]


def train(
    config: ConfigDict,
    workdir: Path,
    params: Params,
    loss: Loss,
    batches: Batches,
    *,
    evaluate: Evaluate | None = None,
    picture: Paint | None = None,
) -> Params:
    """Train, resuming from the newest checkpoint in the folder if there is one.

    On SIGTERM the run is saved and the process exits with code 0; the same call resumes it. With
    several processes, all call this, each with its own part of the batches, and as many as like go
    on with a run. If one of them dies, the others end with code 1 and its name.

    Every `log_every` steps the log gets that step's metrics (as of `step.make_step`),
    "steps_per_s", "examples_per_s", "loader_wait", the share of the time since the last line spent
    waiting for data, "memory_peak_gb" of devices that tell it, and "of_peak", what a device
    computes over its peak in bfloat16 where that is known.

    Args:
        config: its `train` has the fields of `settings`.
        workdir: the run's folder: checkpoints, logs.
        params: the parameters to start from.
        loss: of one example, as `step.make_step` takes it.
        batches: this process' batches.
        evaluate: maps the (averaged) parameters on the host to measures by name; called every
            `evaluate_every` epochs.
        picture: maps the same parameters to an RGB image for TensorBoard; called after `evaluate`.

    Returns:
        The final parameters on the host: their moving average if there is one.

    Raises:
        InputError: the config or a checkpoint cannot be used, the disk is full, the data end, the
            loss is not finite, or another run uses the folder.
        SystemExit: with code 0, after SIGTERM.
    """
    settings, workdir = config.train, Path(workdir)
    require_sound(settings)
    devices = parallel.all_devices(settings)
    step = make_step(loss, settings, devices)
    state = begin(params, make_optimizer(settings), settings.ema_decay, settings.seed)
    steps = settings.epochs * settings.steps_per_epoch
    with (
        _alone(workdir),
        preemption.watching() as told_to_stop,
        Checkpoints(workdir / checkpointing.FOLDER, settings) as checkpoints,
        hosts.in_company(),
    ):
        state = _resume(checkpoints, workdir / checkpointing.FOLDER, state, batches)
        with (
            Log(workdir, int(state.step), steps) as log,
            loading.prefetched(batches, devices.distribute) as upcoming,
        ):
            pace = _Pace(settings.batch_size)
            profile = Profile(workdir, int(state.step) + 1, settings.profile_steps)
            parts = (settings, steps, devices, step, checkpoints, log, evaluate, picture)
            run = _Run(*parts, pace, profile)
            return best_params(run.to_the_end(state, upcoming, told_to_stop))


def _alone(workdir: Path) -> AbstractContextManager[None]:
    """Lock the folder against other runs; with several processes the first does it for all."""
    return locked(workdir, "a training run") if jax.process_index() == 0 else nullcontext()


def _resume(
    checkpoints: Checkpoints, folder: Path, state: TrainState, batches: Batches
) -> TrainState:
    restored = checkpoints.restore(state)
    if restored is None:
        return state
    with reading(folder, "the newest checkpoint's place in the data is damaged", "remove it"):
        batches.set_state(loading.from_text(restored.position))
    return restored.state


@dataclass
class _Pace:
    """Measures steps and examples per second, and the share of time spent waiting for data."""

    batch_size: int
    steps: int = 0
    wait_s: float = 0.0
    since: float = field(default_factory=time.perf_counter)

    def count(self, wait_s: float) -> None:
        self.steps += 1
        self.wait_s += wait_s

    def take(self) -> dict[str, float]:
        now = time.perf_counter()
        rate, wait = self.steps / (now - self.since), self.wait_s / (now - self.since)
        self.steps, self.wait_s, self.since = 0, 0.0, now
        return {
            "steps_per_s": rate,
            "examples_per_s": rate * self.batch_size,
            "loader_wait": wait,
            **profiling.memory_peak_gb(),
        }


@dataclass
class _Run:
    """What is constant during a run; steps and epochs are counted from 1."""

    settings: ConfigDict
    steps: int
    devices: Devices
    step: Step
    checkpoints: Checkpoints
    log: Log
    evaluate: Evaluate | None
    picture: Paint | None
    pace: _Pace
    profile: Profile
    tflop: dict[jax.tree_util.PyTreeDef, float] = field(default_factory=dict)

    def to_the_end(
        self, state: TrainState, upcoming: Iterator[Placed], told_to_stop: Callable[[int], bool]
    ) -> TrainState:
        """Take the remaining steps; the state is on the host before and after."""
        first = int(state.step) + 1
        weights, earlier = self._weights(first), None
        state = self.devices.replicate(state)
        for number in range(first, self.steps + 1):
            if self._begins_epoch(number):
                weights = self._weights(number)
            placed = next(upcoming)
            self.profile.before(number)
            with jax.transfer_guard("disallow"):
                state, metrics = self.step(state, placed.batch, weights)
            if self.profile.after(number, metrics, number == self.steps):
                self._tell_profile(state, placed, weights)
            # No more than two steps in flight: their batches have to fit on the devices.
            jax.block_until_ready(earlier)
            earlier = metrics
            self._report(number, metrics, placed, state, weights)
            stop = told_to_stop(number)
            self._save_where_due(number, state, metrics, placed.position, stop)
            if stop:
                self.checkpoints.wait()
                self.log.say(f"told to stop; step {number} is saved, the same command goes on")
                raise SystemExit(0)
        return to_host(state)

    def _tell_profile(self, state: TrainState, placed: Placed, weights: Weights) -> None:
        count = operations.count(self.step, state, placed.batch, weights) / 1e9
        self.log.say(
            f"{profiling.FOLDER}/: a trace for TensorBoard or XProf; a step's products of matrices "
            f"and convolutions are {count:.4g} GFLOP a device"
        )

    def _report(
        self, number: int, metrics: Metrics, placed: Placed, state: TrainState, weights: Weights
    ) -> None:
        self.pace.count(placed.wait_s)
        self.log.advance(number)
        if self._due(number, self.settings.log_every):
            values, pace = _numbers(metrics), self.pace.take()
            pace |= self._of_peak(pace["steps_per_s"], state, placed.batch, weights)
            self.log.numbers(number, self._epoch(number), values | pace)
            _require_finite(number, values)

    def _of_peak(
        self, steps_per_s: float, state: TrainState, batch: PyTree, weights: Weights
    ) -> dict[str, float]:
        """What a device computes over the most that it could, by its log name."""
        peak = profiling.peak_tflop_per_s()
        if peak is None:
            return {}
        # Terms that are left out make another step.
        terms = jax.tree.structure(weights)
        if terms not in self.tflop:
            self.tflop[terms] = operations.count(self.step, state, batch, weights) / 1e12
        return {"of_peak": steps_per_s * self.tflop[terms] / peak}

    def _save_where_due(
        self, number: int, state: TrainState, metrics: Metrics, position: str, stop: bool
    ) -> None:
        evaluated = self._ends_evaluated_epoch(number)
        if not (stop or evaluated or self._due(number, self.settings.checkpoint_every)):
            return
        _require_finite(number, _numbers(metrics))
        on_host = to_host(state)
        measures = self._measure(number, best_params(on_host)) if evaluated else {}
        self.checkpoints.save(on_host, position, measures)

    def _measure(self, number: int, params: Params) -> dict[str, float]:
        assert self.evaluate is not None
        measures = {name: float(value) for name, value in self.evaluate(params).items()}
        best = self.settings.best_measure
        if best and best not in measures:
            raise InputError(
                f"config.train.best_measure: {best!r} is not evaluated; name one of "
                f"{', '.join(measures)}"
            )
        self.log.numbers(number, self._epoch(number), measures)
        if self.picture is not None:
            self.log.picture(number, self.picture(params))
        return measures

    def _epoch(self, number: int) -> int:
        return 1 + (number - 1) // self.settings.steps_per_epoch

    def _begins_epoch(self, number: int) -> bool:
        return (number - 1) % self.settings.steps_per_epoch == 0

    def _ends_evaluated_epoch(self, number: int) -> bool:
        steps = self.settings.evaluate_every * self.settings.steps_per_epoch
        return self.evaluate is not None and steps > 0 and self._due(number, steps)

    def _due(self, number: int, every: int) -> bool:
        return number % every == 0 or number == self.steps

    def _weights(self, number: int) -> Weights:
        weights = schedule.weights_at(self.settings.loss_weights, self._epoch(number))
        if not self.settings.leave_out_terms:
            weights = {name: weight or 0.0 for name, weight in weights.items()}
        return self.devices.replicate(
            {name: None if w is None else np.float32(w) for name, w in weights.items()}
        )


def _numbers(metrics: Metrics) -> dict[str, float]:
    """The metrics on the host, the total first: JAX returns dictionaries sorted by key."""
    values = {name: float(value) for name, value in jax.device_get(metrics).items()}
    return {"total": values["total"]} | values


def _require_finite(number: int, values: Mapping[str, float]) -> None:
    if not math.isfinite(values["total"]) or not math.isfinite(values["gradient_norm"]):
        raise InputError(
            f"step {number}: the loss is {values['total']}, its gradient's norm "
            f"{values['gradient_norm']}; lower config.train.lr or set config.train.clip_norm, and "
            "the same command goes on from the last checkpoint"
        )

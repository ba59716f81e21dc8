"""The time of one training step.

`python -m dvs_jax.benchmarks.training_step` prints the seconds of a step of `SCALED`: the number of
virtual devices has to be set before JAX starts, so each is measured in a process of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import numpy as np
from flax import nnx
from ml_collections import ConfigDict

from dvs_jax import quaternion
from dvs_jax.fused import record
from dvs_jax.fused.configured import create_network, make_loss
from dvs_jax.fused.fusion import CLOCK_OFFSETS_NS
from dvs_jax.fused.rollout import StepFeatures
from dvs_jax.fused.settings import settings
from dvs_jax.fused.window import Window
from dvs_jax.timing import median_seconds
from dvs_jax.training import parallel, schedule
from dvs_jax.training.optimizer import make_optimizer
from dvs_jax.training.state import begin
from dvs_jax.training.step import make_step

BATCH = 16
STEPS = 50
FRAME_RATE = 30.0

_RUNS = 5
_ENOUGH_SECONDS = 20.0


@dataclass(frozen=True)
class Case:
    """The training step that is timed.

    Attributes:
        network: "paper" for its layers and losses, "ours" for those of `settings`.
        flow_size: width and height of the flow; None for a network without.
        micro_batches: parts into which one device splits the batch, so that it fits into memory.
    """

    network: str
    flow_size: tuple[int, int] | None = None
    micro_batches: int = 1

    @property
    def flow(self) -> str:
        """The flow's size as text."""
        return "none" if self.flow_size is None else "{} × {}".format(*self.flow_size)


SCALED = Case("ours")


@dataclass(frozen=True)
class StepSpeed:
    """The time of a training step: forward, backward and update, with the data on the device.

    Attributes:
        case: what was trained.
        devices: how many shared the batch.
        windows: of a batch: `BATCH`, or fewer where that many take minutes.
        seconds: of a step, the median.
    """

    case: Case
    devices: int
    windows: int
    seconds: float

    @property
    def windows_per_s(self) -> float:
        """Windows a second."""
        return self.windows / self.seconds


def measure_step(case: Case, batch: int = BATCH, steps: int = STEPS) -> StepSpeed:
    """Time training steps on all local devices.

    Args:
        case: what to train.
        batch: windows a step.
        steps: of a window.

    Raises:
        InputError: the devices cannot share the batch.
    """
    seconds = median_seconds(_step_of(case, batch, steps), _RUNS, _ENOUGH_SECONDS)
    return StepSpeed(case, jax.device_count(), batch, seconds)


def _step_of(case: Case, batch: int, steps: int) -> Callable[[], object]:
    """Return a function that runs a step and waits for it."""
    config = _config(case, batch, steps)
    graph, params = nnx.split(create_network(config))
    devices = parallel.all_devices(config.train)
    step = make_step(make_loss(graph, config), config.train, devices)
    state = devices.replicate(begin(params, make_optimizer(config.train), 0.0, 0))
    weights = schedule.weights_at(config.train.loss_weights, 1)
    on_devices = devices.replicate({name: np.float32(each) for name, each in weights.items()})
    windows = devices.distribute(_random_windows(config))

    def take() -> object:
        nonlocal state
        state, metrics = step(state, windows, on_devices)
        return jax.block_until_ready((state, metrics))

    return take


def _config(case: Case, batch: int, steps: int) -> ConfigDict:
    config = settings()
    config.model.flow = case.flow_size is not None
    config.model.flow_size = case.flow_size or config.model.flow_size
    config.data.steps = steps
    config.train.batch_size = batch
    # Each device processes the same number of windows at once, however many devices there are.
    config.train.micro_batches = max(1, min(case.micro_batches, batch) // jax.device_count())
    config.model.fusion = 64 if config.model.flow else 0
    terms = ["camera_turn"] if config.model.flow else ["acceleration", "jerk", "cover"]
    if case.network == "paper":
        config.model.lstm, config.model.fully_connected = (512, 512), (256,)
        config.model.turn_unit, config.model.filters, config.model.official = 1.0, 0, True
        config.model.fusion = 0
        terms = ["follow", "angle", "smooth", "c2_smooth", "undefine", "stay"]
        terms += ["optical"] if config.model.flow else []
    config.train.loss_weights = ((1, dict.fromkeys(terms, 1.0)),)
    return config


def _random_windows(config: ConfigDict) -> Window:
    """Return a batch of windows with random camera rotation and random flow."""
    rng, count, steps = np.random.default_rng(0), config.train.batch_size, config.data.steps
    seen = 2 * config.model.poses_each_side + 1

    def poses(*shape: int) -> np.ndarray:
        vector = rng.normal(0.0, 0.01, (count, *shape, 3))
        return quaternion.from_rotation_vector(vector).astype(np.float32)

    offsets = len(CLOCK_OFFSETS_NS) if config.model.fusion else 0
    width, height = config.model.flow_size if config.model.flow else (0, 0)
    flow = record.no_flow(count * steps) if not config.model.flow else None
    if flow is None:
        flow = rng.normal(0.0, 0.01, (count * steps, height, width, 4)).astype(np.float16)
    camera_pose = poses(steps + 1)
    return Window(
        StepFeatures(
            poses(steps, seen),
            poses(steps),
            np.full((count, steps), 1.0 / FRAME_RATE, np.float32),
            np.zeros((count, steps, 0), np.float32),
            np.ones((count, steps), np.float32),
            rng.normal(0.0, 0.01, (count, steps, offsets, 3)).astype(np.float32),
        ),
        camera_pose,
        camera_pose,
        flow.reshape(count, steps, *flow.shape[1:]),
        np.zeros((count, steps + 1, 2), np.float32),
        np.tile(np.array([0.8, 1.4], np.float32), (count, 1)),
        np.arange(count, dtype=np.uint32),
    )


if __name__ == "__main__":
    print(measure_step(SCALED).seconds)

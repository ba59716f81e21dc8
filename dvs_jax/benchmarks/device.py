"""Speed of flow, network and drawing together on the local devices, transfers included."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.typing import DTypeLike
from jaxtyping import Float, PyTree

from dvs_jax import quaternion
from dvs_jax.benchmarks.report import Column, Report, Table
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath
from dvs_jax.flow import working_size
from dvs_jax.flow.raft import RaftEstimator
from dvs_jax.flow.raft_network import SMALL, Raft
from dvs_jax.fused import features
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.fused.on_devices import FollowCarry, Follower, FollowStretch
from dvs_jax.methods.stretch import FRAMES
from dvs_jax.stabilization.devices.draw import DrawStretch, Planes, draw
from dvs_jax.stabilization.devices.lanes import Program, without_weights
from dvs_jax.timing import median_seconds
from dvs_jax.warping import grid
from dvs_jax.warping.turning import source_grids

PAPER_MS = 287.0
"""Milliseconds of the paper's program for a full HD frame on a T4."""

TOGETHER = "flow, network and drawing, with both transfers"

_COLUMNS = (Column("part"), Column("ms a frame", ".2f"))
_RUNS = 5
_ROWS = 34
_ENOUGH_SECONDS = 30.0


@dataclass(frozen=True)
class Case:
    """The workload that is timed.

    Attributes:
        size: width and height of the frames in pixels.
        lanes_per_device: clips that a device processes at a time.
        iterations: how often RAFT-small refines each flow.
        dtype: of RAFT's convolutions.
        architecture: of the network.
    """

    size: tuple[int, int] = (1920, 1080)
    lanes_per_device: int = 4
    iterations: int = 12
    dtype: DTypeLike = jnp.bfloat16
    architecture: Architecture = field(default_factory=Architecture)


def measure() -> Report:
    """Measure full HD on all local devices."""
    return report_of(measure_parts(Case()), Case())


def measure_parts(case: Case) -> dict[str, float]:
    """Measure on all local devices, medians of five runs; weights and frames are random.

    Returns:
        Milliseconds per frame, over all clips: first everything together, with the transfers to
        the devices and back, under the name `TOGETHER`; then each part alone.
    """
    network, raft = _network(case.architecture), Raft(SMALL, rngs=nnx.Rngs(0), dtype=case.dtype)
    follower = Follower(network, RaftEstimator("raft-small", raft, iterations=case.iterations))
    blind = _network(dataclasses.replace(case.architecture, flow=False, fusion=0))
    followed, drawn = _follow_stretch(case, with_flow=True), _draw_stretch(case)
    rows = np.zeros((FRAMES, _ROWS, 4), np.float32) + quaternion.identity().astype(np.float32)
    together = partial(_follow_and_draw, follower, rows)
    lanes = case.lanes_per_device
    run = _Run(
        Program(together, lambda both: follower.begin(both[0]), follower.weights, lanes),
        (followed, drawn),
    )
    return {
        TOGETHER: run.ms_with_transfers(),
        "to the devices": run.ms_of_upload(),
        "flow and network": _run_of(follower, followed, lanes).ms(),
        "network alone": _run_of(
            Follower(blind, None), _follow_stretch(case, with_flow=False), lanes
        ).ms(),
        "drawing": _Run(Program(without_weights(_draw), lambda _: (), (), lanes), drawn).ms(),
        "back": run.ms_of_download(),
    }


def report_of(parts: Mapping[str, float], case: Case) -> Report:
    """Return the report of what `measure_parts` returned for a case."""
    width, height = case.size
    title = f"{width} × {height}, RAFT-small, {jnp.dtype(case.dtype).name}"
    table = Table(title, _COLUMNS, tuple(parts.items()), drawn=("ms a frame",))
    return Report(
        "device",
        (table,),
        {f"speed over the paper's {PAPER_MS:.0f} ms a frame on a T4": PAPER_MS / parts[TOGETHER]},
        (f"{1000.0 / parts[TOGETHER]:.0f} frames/s, transfers included",),
        {"frames_per_s": 1000.0 / parts[TOGETHER], "lanes_per_device": case.lanes_per_device},
    )


class _Run:
    """A program that is run repeatedly with the same stretch in every lane."""

    def __init__(self, program: Program, stretch: PyTree):
        self._program, self._stretches = program, [stretch] * program.lanes
        self._carry = program.first_carry(stretch)

    def ms(self) -> float:
        """Return milliseconds per frame with all data on the devices."""
        there = self._program.put(self._stretches)
        return self._ms(lambda: jax.block_until_ready(self._output(there)))

    def ms_with_transfers(self) -> float:
        return self._ms(lambda: jax.device_get(self._output(self._program.put(self._stretches))))

    def ms_of_upload(self) -> float:
        return self._ms(lambda: jax.block_until_ready(self._program.put(self._stretches)))

    def ms_of_download(self) -> float:
        output = jax.block_until_ready(self._output(self._program.put(self._stretches)))

        # An array caches its value once it is fetched, so new copies are fetched.
        def fetch() -> None:
            jax.device_get(jax.block_until_ready(jax.tree.map(jnp.copy, output)))

        return self._ms(fetch)

    def _output(self, stretches: PyTree) -> PyTree:
        self._carry, output = self._program(self._carry, stretches)
        return output

    def _ms(self, run: Callable[[], Any]) -> float:
        seconds = median_seconds(run, _RUNS, _ENOUGH_SECONDS)
        return 1000.0 * seconds / (self._program.lanes * FRAMES)


def _run_of(follower: Follower, stretch: FollowStretch, lanes_per_device: int) -> _Run:
    return _Run(Program(follower, follower.begin, follower.weights, lanes_per_device), stretch)


def _follow_and_draw(
    follower: Follower,
    rows: Float[np.ndarray, "frame row 4"],
    weights: PyTree,
    carry: FollowCarry,
    stretch: tuple[FollowStretch, DrawStretch],
) -> tuple[FollowCarry, Planes]:
    """Run flow, network and drawing in one program, without the limiter, which needs look-ahead."""
    followed, drawn = stretch
    carry, poses = follower(weights, carry, followed)
    height, width = drawn.pictures.luma.shape[1:]
    source = source_grids(
        Camera(),
        jnp.asarray(rows),
        jnp.zeros((FRAMES, _ROWS, 2)),
        quaternion.normalize(poses.pose),
        size=(width, height),
        shape=drawn.source.shape[1:3],
    )
    return carry, _draw(drawn._replace(source=source))


def _draw(stretch: DrawStretch) -> Planes:
    return draw(stretch, "black")


def _network(architecture: Architecture) -> FusedNetwork:
    network = FusedNetwork(architecture, nnx.Rngs(0))
    network.eval()
    return network


def _follow_stretch(case: Case, with_flow: bool) -> FollowStretch:
    rng, wanted = np.random.default_rng(0), case.architecture
    time_ns = (np.arange(FRAMES + 1) * 1e9 / 30).astype(np.int64)
    gyro_ns = np.arange(-200, 400, dtype=np.int64) * 5_000_000
    turn = np.cumsum(rng.normal(0.0, 0.003, (len(gyro_ns), 3)), axis=0)
    gyro = CameraPath(gyro_ns, quaternion.from_rotation_vector(turn))
    width, height = case.size
    small = working_size(height, width) if with_flow else (0, 0)
    return FollowStretch(
        is_first=np.array(False),
        features=features.poses_seen(wanted, gyro, time_ns),
        frames=rng.integers(0, 255, (FRAMES, *small, 3), np.uint8),
        still=np.zeros(FRAMES, bool),
        lens=np.zeros((FRAMES + 1, 2), np.float32),
        focal=np.array([0.79, 1.4], np.float32),
    )


def _draw_stretch(case: Case) -> DrawStretch:
    rng, (width, height) = np.random.default_rng(1), case.size
    half = -(-height // 2), -(-width // 2)
    pictures = Planes(
        rng.integers(0, 255, (FRAMES, height, width), np.uint8),
        rng.integers(0, 255, (FRAMES, *half, 2), np.uint8),
    )
    still = grid.output_points(*grid.shape_for(case.size))
    aside = rng.normal(0.0, 0.01, (FRAMES, 1, 1, 2))
    source = (still + aside).astype(np.float32)
    return DrawStretch(pictures, source, np.full((FRAMES, 1), 0.8, np.float32))

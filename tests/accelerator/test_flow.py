"""RAFT of random weights on the device, against the processor in float32."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.benchmarks.accelerator import random_raft
from dvs_jax.benchmarks.flow import moving_texture
from dvs_jax.flow import raft
from dvs_jax.flow.raft import RaftEstimator

# Slow on a processor, which compiles RAFT for each.
pytestmark = [pytest.mark.accelerator, pytest.mark.slow]


@pytest.fixture(scope="module")
def frames(on_accelerator) -> list[np.ndarray]:
    return moving_texture(4, *((270, 480) if on_accelerator else (64, 72)))


def flows(frames, dtype=jnp.float32, device=None) -> np.ndarray:
    """Both directions of each pair, [pair, direction, height, width, 2], in pixels."""
    with jax.default_device(device):
        estimator = RaftEstimator("random", random_raft(dtype), iterations=4, pairs_at_once=3)
        return np.stack([np.stack(pair) for pair in estimator.pairs(frames)])


@pytest.fixture(scope="module")
def wanted(frames, cpu) -> np.ndarray:
    return flows(frames, device=cpu)


def share_of(error: np.ndarray, whole: np.ndarray) -> float:
    return np.linalg.norm(error) / np.linalg.norm(whole)


@pytest.mark.parametrize(("precision", "limit"), [("highest", 2e-3), (None, 2e-2)])
def test_float32(precision, limit, frames, wanted, within):
    with jax.default_matmul_precision(precision):
        found = flows(frames)
    error = share_of(found - wanted, wanted)
    within(f"RAFT float32, precision {precision or 'default'}", error, limit, "of its norm")


def test_bfloat16(frames, wanted, within):
    error = share_of(flows(frames, jnp.bfloat16) - wanted, wanted)
    assert error > 0.0
    within("RAFT bfloat16 against float32", error, 0.2, "of its norm")


def test_one_program_serves_every_length_and_nothing_moves_unasked(frames):
    estimator = RaftEstimator("random", random_raft(), iterations=4, pairs_at_once=3)
    list(estimator.pairs(frames))
    programs = raft.encode._cache_size(), raft.advance._cache_size()
    with jax.transfer_guard("disallow"):
        assert [len(list(estimator.pairs(frames[:count]))) for count in (2, 3, 4)] == [1, 2, 3]
    assert (raft.encode._cache_size(), raft.advance._cache_size()) == programs

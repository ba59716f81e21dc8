"""How masks go on from frame to frame."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.subject import mask_memory
from dvs_jax.subject.mask import Outline
from dvs_jax.subject.region import Region

SIZE = 64


def disc(x: float, y: float, radius: float) -> jnp.ndarray:
    across, down = np.meshgrid(np.arange(SIZE), np.arange(SIZE))
    return jnp.asarray(np.clip(radius + 0.5 - np.hypot(across - x, down - y), 0, 1), jnp.float32)


def square(x: float, y: float, side: float = 64.0) -> Region:
    return Region(jnp.asarray([x, y], jnp.float32), jnp.float32(side), jnp.float32(0))


def gone_on(before, seen, region, anchor, time_s):
    return mask_memory.following(
        before, seen, region, jnp.asarray(anchor, jnp.float32), jnp.float32(time_s)
    )


FOUND, LOST = jnp.asarray(True), jnp.asarray(False)


def test_the_first_mask_is_taken_as_it_is():
    start = mask_memory.nothing(SIZE)
    assert not start.counts
    first = gone_on(start, Outline(disc(30, 30, 9), FOUND), square(100, 100), (100, 90), 2.0)
    assert first.counts and np.abs(first.mask - disc(30, 30, 9)).max() < 1e-6


@pytest.mark.parametrize(("interval_s", "share"), [(1 / 30, 0.5), (1 / 60, 0.2929), (1 / 15, 0.75)])
def test_a_share_of_the_new_mask_by_the_time_that_passed(interval_s, share):
    start = mask_memory.nothing(SIZE)
    first = gone_on(start, Outline(jnp.zeros((SIZE, SIZE)), FOUND), square(0, 0), (0, 0), 1.0)
    next_one = Outline(jnp.ones((SIZE, SIZE)), FOUND)
    second = gone_on(first, next_one, square(0, 0), (0, 0), 1.0 + interval_s)
    assert np.asarray(second.mask) == pytest.approx(share, abs=1e-3)


def test_the_mask_before_moves_with_the_anchor():
    """Who walks 7 px to the right, seen by a region that stays, then by a larger one."""
    start = mask_memory.nothing(SIZE)
    first = gone_on(start, Outline(disc(25, 30, 9), FOUND), square(50, 50), (40, 50), 0.0)
    again = gone_on(first, Outline(disc(32, 30, 9), FOUND), square(50, 50), (47, 50), 1 / 30)
    assert np.abs(again.mask - disc(32, 30, 9)).max() < 1e-4
    wider = Outline(disc(32, 31, 4.5), FOUND)
    larger = gone_on(again, wider, square(50, 50, 128.0), (47, 50), 2 / 30)
    assert np.abs(larger.mask - wider.mask).mean() < 0.01


def test_a_mask_goes_on_for_half_a_second():
    start = mask_memory.nothing(SIZE)
    state = gone_on(start, Outline(disc(30, 30, 9), FOUND), square(100, 100), (100, 100), 0.0)
    anything = Outline(jnp.full((SIZE, SIZE), jnp.nan), LOST)
    for number in range(1, 31):
        state = gone_on(state, anything, square(0, 0), (100 + number, 100), number / 30)
        assert bool(state.counts) == (number <= 15)
    assert np.abs(state.mask - disc(30, 30, 9)).max() < 1e-6
    assert np.abs(state.region.center - np.array([130, 100])).max() < 1e-4
    again = gone_on(state, Outline(disc(20, 20, 5), FOUND), square(0, 0), (0, 0), 31 / 30)
    assert np.abs(again.mask - disc(20, 20, 5)).max() < 1e-6


def test_a_clip_at_once_is_frame_by_frame():
    count, rng = 6, np.random.default_rng(0)
    seen = Outline(
        jnp.asarray(rng.random((2, count, SIZE, SIZE)), jnp.float32),
        jnp.asarray(
            [[True, True, False, True, True, True], [False, True, True, False, True, True]]
        ),
    )
    center = jnp.asarray(50 + 5 * rng.random((2, count, 2)), jnp.float32)
    side = jnp.asarray(60 + 5 * rng.random((2, count)), jnp.float32)
    regions = Region(center, side, 0.1 * (side - 60))
    time_s = jnp.arange(count, dtype=jnp.float32) / 30
    together = jax.vmap(mask_memory.through, (0, 0, 0, None))(seen, regions, center, time_s)
    for clip in range(2):
        state = mask_memory.nothing(SIZE)
        for frame in range(count):
            one = jax.tree.map(lambda each: each[clip, frame], (seen, regions, center))  # noqa: B023
            state = mask_memory.following(state, *one, time_s[frame])
            assert np.abs(state.mask - together.mask[clip, frame]).max() < 1e-5
            assert bool(state.counts) == bool(
                together.time_s[clip, frame] - together.seen_s[clip, frame] <= 0.5
            )

"""Tracks and grids in, corrected grids out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.motion import steadying
from dvs_jax.motion.tracking import COUNT, NOTHING, Tracks
from dvs_jax.warping import grid as grids

SIZE = (320, 180)
ASPECT = 180 / 320
AHEAD = 12
IDENTITY = grids.output_points(12, 18).astype(np.float32)


def setting(with_mesh=True, crop=0.1):
    return steadying.setting(SIZE, crop, 30.0, AHEAD, with_mesh)


def tracks_of(shift, seed=0):
    """Points spread over the picture, moved by a shift in widths, which may be a function."""
    earlier = np.random.default_rng(seed).uniform(0.05, 0.95, (COUNT, 2))
    moved = shift(earlier) if callable(shift) else np.broadcast_to(shift, earlier.shape)
    later = earlier + moved / (1.0, ASPECT)
    known = ((later > 0) & (later < 1)).all(axis=-1)
    return Tracks(earlier.astype(np.float32), later.astype(np.float32), known)


def append(fixed, state, tracks, source):
    """The state after a frame that has been watched alone."""
    return steadying.add(fixed, steadying.watch(fixed, state, tracks), tracks, source)


def steadied(tracks, source=IDENTITY, **wanted):
    """All grids of a clip whose tracks are known; the method's grid is the same for all frames."""
    fixed = setting(**wanted)
    state, out = steadying.begin(fixed, source, AHEAD), []
    for index, each in enumerate(tracks):
        if index >= AHEAD:
            state, corrected = steadying.release(fixed, state)
            out.append(corrected)
        state = append(fixed, state, each, source)
        if index == AHEAD - 1:
            state = steadying.settle(fixed, state)
    return np.stack([*out, *steadying.finish(fixed, state)])


def shaken(frames=60, amplitude=0.01, seed=3):
    """Where the content is in each frame, (x, y) in widths."""
    return np.random.default_rng(seed).normal(0, amplitude, (frames, 2))


def shown_content(grid, place):
    """Where the output shows the content that is in the frame's middle, moved by its place."""
    source = np.float32([0.5, 0.5] + place / (1.0, ASPECT))[None]
    return np.asarray(steadying.shown_at(jnp.asarray(grid), jnp.asarray(source)))[0]


@pytest.mark.slow
def test_shaken_content_stands_still_in_the_output():
    place = shaken()
    grids_ = steadied([tracks_of(step, index) for index, step in enumerate(np.diff(place, axis=0))])
    assert grids_.shape == (60, 12, 18, 2)
    shown = np.stack([shown_content(*pair) for pair in zip(grids_, place, strict=True)])
    # Third differences tell shake from what a steady camera may do.
    before, after = (np.diff(each, n=3, axis=0).std() for each in (place, shown))
    assert after < 0.02 * before


@pytest.mark.slow
def test_a_still_camera_stays_still():
    np.testing.assert_allclose(steadied([tracks_of(0.0)] * 30)[5], IDENTITY, atol=1e-5)


def test_what_tells_nothing_changes_nothing():
    np.testing.assert_allclose(steadied([NOTHING] * 30), np.stack([IDENTITY] * 31), atol=1e-6)


def test_a_hard_cut_is_not_taken_for_motion():
    place = shaken()
    steps = [tracks_of(step, index) for index, step in enumerate(np.diff(place, axis=0))]
    random = np.random.default_rng(0).uniform(0.1, 0.9, (COUNT, 2)).astype(np.float32)
    steps[30] = steps[30]._replace(later=random)
    moved = np.abs(steadied(steps) - IDENTITY).max(axis=(1, 2, 3))
    assert np.isfinite(moved).all() and moved.max() < 0.1


def test_a_methods_grid_is_kept_where_it_left_nothing():
    # A method that shows the frame turned: still content stays as the method shows it.
    angle = 0.05
    plane_ = (IDENTITY - 0.5) * (1.0, ASPECT)
    turned = plane_ @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    source = (turned / (1.0, ASPECT) + 0.5).astype(np.float32)
    np.testing.assert_allclose(steadied([tracks_of(0.0)] * 30, source)[10], source, atol=1e-4)


@pytest.mark.slow
def test_what_the_output_shows_is_found_in_a_grid():
    source = np.random.default_rng(1).uniform(0.1, 0.9, (50, 2)).astype(np.float32)
    bent = IDENTITY * 0.9 + 0.05 + 0.01 * np.sin(5 * IDENTITY[..., ::-1])
    shown = steadying.shown_at(jnp.asarray(bent, jnp.float32), jnp.asarray(source))
    back = grids.at_points(jnp.asarray(bent, jnp.float32), shown[:, 1], shown[:, 0])
    np.testing.assert_allclose(back, source, atol=1e-5)


def test_corners_of_what_is_shown_stay_in_the_frame():
    # A sway of 0.11 widths is more than the crop of 0.1 can take out.
    place = np.zeros((90, 2))
    place[:, 0] = 0.11 * np.sin(2 * np.pi * 0.5 * np.arange(90) / 30)
    steps = [tracks_of(step, index) for index, step in enumerate(np.diff(place, axis=0))]
    for grid in steadied(steps):
        shown = grids.at(grid, np.array([0.1, 0.9]), np.array([0.1, 0.9]))
        assert shown.min() > -0.004 and shown.max() < 1.004


def displaced_part(frames=50):
    """The upper left quarter of the content shakes by itself, by less than an outlier."""
    size = np.random.default_rng(2).normal(0, 0.002, frames)

    def step(index):
        def shift(point):
            near = np.exp(-((point - (0.25, 0.3)) ** 2).sum(-1) / (2 * 0.15**2))
            noise = np.random.default_rng(index).normal(0, 0.3 / 640, point.shape)
            return noise + near[:, None] * (size[index + 1] - size[index]) * np.array([1.0, 0.0])

        return shift

    return size, [tracks_of(step(index), index) for index in range(frames - 1)]


def test_a_part_that_moves_by_itself_is_steadied_by_the_mesh():
    size, steps = displaced_part()
    left = {}
    for with_mesh in (False, True):
        made = steadied(steps, with_mesh=with_mesh)
        at = np.stack([grids.at(grid, np.array([0.3]), np.array([0.25]))[0, 0, 0] for grid in made])
        left[with_mesh] = np.diff(at - size, n=3).std() / np.diff(size, n=3).std()
    assert left[False] > 0.7
    assert left[True] < 0.6


@pytest.mark.parametrize("guard", ["disallow"])
def test_nothing_is_transferred_within_a_step(guard):
    fixed = setting()
    source, tracks = jnp.asarray(IDENTITY), jax.tree.map(jnp.asarray, tracks_of(0.0))
    state = append(fixed, steadying.begin(fixed, source, AHEAD), tracks, source)
    state, _ = steadying.release(fixed, state)
    with jax.transfer_guard(guard):
        state = append(fixed, state, tracks, source)
        steadying.release(fixed, state)


@pytest.mark.slow
def test_many_clips_are_one_program():
    fixed = setting()
    one, two = shaken(seed=1), shaken(seed=2)
    steps = [[tracks_of(step, 7) for step in np.diff(place, axis=0)[:16]] for place in (one, two)]
    single = [steadied(each)[: 17 - AHEAD] for each in steps]
    state = jax.vmap(lambda grid: steadying.begin(fixed, grid, AHEAD))(jnp.stack([IDENTITY] * 2))
    append_each = jax.vmap(lambda state, tracks, grid: append(fixed, state, tracks, grid))
    release = jax.vmap(lambda state: steadying.release(fixed, state))
    settle = jax.vmap(lambda state: steadying.settle(fixed, state))
    out = []
    for index in range(16):
        if index >= AHEAD:
            state, corrected = release(state)
            out.append(corrected)
        both = jax.tree.map(lambda *each: jnp.stack(each), steps[0][index], steps[1][index])
        state = append_each(state, both, jnp.stack([IDENTITY] * 2))
        if index == AHEAD - 1:
            state = settle(state)
    batch = np.stack(out, axis=1)
    for index in (0, 1):
        np.testing.assert_allclose(batch[index], single[index][: 16 - AHEAD], atol=2e-5)

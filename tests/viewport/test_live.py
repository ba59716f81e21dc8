"""Prediction while a viewer watches: what it says must be what is said afterwards."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from flax import nnx

from dvs_jax import viewport
from dvs_jax.errors import InputError
from dvs_jax.viewport import live, saliency_points, tiles, tracks, windows
from dvs_jax.viewport.starvp.architecture import Architecture
from dvs_jax.viewport.synthetic import audience

OF = Architecture(
    points=8, lstm=16, lstm_layers=1, width=16, heads=4, mlp=32, blocks=1, position=9, gate=16,
    turn=True, residual=True, damped_prior=True,
    eye=True, gaze_query=True, face=True, viewers=("ann", "bob"),
)  # fmt: skip


@pytest.fixture(scope="module")
def model():
    found = viewport.Network(OF, nnx.Rngs(3))
    kernel = found.motion.output.kernel
    kernel.set_value(0.1 * jax.random.normal(jax.random.key(0), kernel.shape))
    return found


@pytest.fixture(scope="module")
def drawn():
    return audience.draw(3, 1, 1, absent=0.4)


@pytest.fixture(scope="module")
def points(drawn):
    (maps,) = drawn.maps.values()
    return saliency_points.of_maps(maps, 16)


def follow(state, trace, until_s):
    samples = trace.time_s, trace.direction, trace.gaze, trace.face
    for time_s, *sample in zip(*samples, strict=True):
        if time_s > until_s:
            return
        state, seen = viewport.step(state, time_s, *sample)
        yield time_s, seen


@pytest.mark.slow
def test_live_predictions_are_those_of_the_whole_trace(model, drawn, points):
    (trace,) = drawn.traces
    found = windows.cut([tracks.track(trace)], stride=1)
    known = points[:40]  # then nothing is known
    viewer = np.full(len(found.last), 2, np.int32)
    whole = viewport.predict(model, found.past, found.last, known, found.cues, viewer)
    without = viewport.predict(model, found.past, found.last, known)
    assert np.abs(whole.direction - without.direction).max() > 1e-3
    at = dict(zip(found.last, range(len(found.last)), strict=True))
    checked = 0
    for time_s, seen in follow(viewport.start(model, known, viewer="bob"), trace, 9.0):
        number = round(time_s * 5)
        if abs(time_s - number / 5) > 1e-6:
            continue
        assert seen.warm == (number in at)
        if number in at:
            place = at[number]
            # Ages are rounded, and eyes turn fast.
            np.testing.assert_allclose(seen.direction, whole.direction[place], atol=2e-4)
            np.testing.assert_allclose(seen.gate, whole.gate[place], atol=2e-4)
            np.testing.assert_array_equal(seen.tiles, tiles.in_view(np.array(seen.direction)))
            checked += 1
    assert checked == 46 - 14


@pytest.mark.slow
def test_saliency_that_is_encoded_ahead_is_that_of_the_whole_trace(drawn, points):
    """Of networks that do not turn, as the paper's, over a gap in time and a jump back."""
    of = replace(OF, turn=False, damped_prior=False)
    model = nnx.jit(lambda: viewport.Network(of, nnx.Rngs(4)))()
    (trace,) = drawn.traces
    state = viewport.start(model, points[:40])
    for time_s in (0.1, 0.3, 0.41, 6.0, 2.0):
        before, places = state, state.places
        state, seen = viewport.step(before, time_s, trace.direction[0])
        np.testing.assert_array_equal(before.places, places)
        past = np.broadcast_to(trace.direction[0], (1, 15, 3)).astype(np.float32)
        last = np.floor([time_s * 5 + 0.5 + 1e-6]).astype(int)
        whole = viewport.predict(model, past, last, points[:40])
        np.testing.assert_allclose(seen.direction, whole.direction[0], atol=2e-5)
        np.testing.assert_allclose(seen.gate, whole.gate[0], atol=2e-5)


@pytest.mark.slow
def test_a_state_is_never_changed(model, drawn, points):
    (trace,) = drawn.traces
    state = viewport.start(model, points)
    first, _ = viewport.step(state, 0.0, trace.direction[0])
    _, one = viewport.step(first, 0.1, trace.direction[5])
    viewport.step(first, 0.2, trace.direction[90])
    _, again = viewport.step(first, 0.1, trace.direction[5])
    np.testing.assert_array_equal(one.direction, again.direction)
    assert np.isnan(state.time_s) and first.time_s == 0.0


@pytest.mark.slow
def test_before_three_seconds_the_first_sample_is_taken_to_have_been_held(model):
    still = np.array([0.6, 0.0, 0.8])
    _state, seen = viewport.step(viewport.start(model), 7.0, 3.0 * still)
    past = np.broadcast_to(still, (1, 15, 3)).astype(np.float32)
    whole = viewport.predict(model, past, np.array([35]), None)
    np.testing.assert_allclose(seen.direction, whole.direction[0], atol=1e-5)
    assert not seen.warm


@pytest.mark.slow
@pytest.mark.parametrize("to_s", [2.0, 8.0], ids=["back", "onwards"])
def test_a_jump_in_the_video_empties_the_state(model, drawn, to_s):
    (trace,) = drawn.traces
    state = viewport.start(model)
    for number in range(200):
        state, seen = viewport.step(state, trace.time_s[number], trace.direction[number])
    assert seen.warm
    _, after = viewport.step(state, to_s, trace.direction[0])
    _, fresh = viewport.step(viewport.start(model), to_s, trace.direction[0])
    assert not after.warm
    np.testing.assert_array_equal(after.direction, fresh.direction)


@pytest.mark.slow
def test_a_fast_tracker_fills_no_more_than_there_is_room_for(model, drawn):
    (trace,) = drawn.traces
    fine_s = np.arange(0.0, 3.6, 0.002)
    axis = np.stack([np.interp(fine_s, trace.time_s, each) for each in trace.direction.T], -1)
    slow, fast = viewport.start(model), viewport.start(model)
    for number, time_s in enumerate(fine_s):
        fast, seen_fast = viewport.step(fast, time_s, axis[number])
        if number % 10 == 9:
            slow, seen_slow = viewport.step(slow, time_s, axis[number])
    assert (np.asarray(fast.age_s) < 3.3).sum() > 200
    assert float(fast.age_s[0]) > live.KEPT_S
    np.testing.assert_allclose(seen_fast.direction, seen_slow.direction, atol=2e-2)


@pytest.mark.parametrize("sample", [(np.nan, (1, 0, 0)), (1.0, (0, 0, 0)), (1.0, (np.nan, 0, 1))])
def test_what_tells_nothing_is_refused(model, sample):
    with pytest.raises(InputError, match="tells nothing; give a time in seconds and a vector"):
        viewport.step(viewport.start(model), *sample)


@pytest.mark.parametrize("face", [np.zeros(4), np.full(5, np.nan)])
def test_what_is_no_face_is_refused(model, face):
    with pytest.raises(InputError, match="tells nothing; give 5 numbers from 0 to 1: activity, "):
        viewport.step(viewport.start(model), 0.0, np.ones(3), face=face)
    with pytest.raises(InputError, match="tells nothing; give a time in seconds and a vector"):
        viewport.step(viewport.start(model), 0.0, np.ones(3), gaze=np.zeros(3))


@pytest.mark.slow
def test_batches_predict_what_single_windows_do(model, drawn, points):
    found = windows.cut([tracks.track(drawn.traces[0])], stride=1)
    past, last = found.past[:64], found.last[:64]
    whole = viewport.predict(model, past, last, points)
    for number in range(0, 64, 9):
        chosen = slice(number, number + 1)
        alone = viewport.predict(model, past[chosen], last[chosen], points)
        np.testing.assert_allclose(alone.direction[0], whole.direction[number], atol=1e-5)
        np.testing.assert_allclose(alone.gate[0], whole.gate[number], atol=1e-5)


def test_too_few_points_are_refused(model):
    with pytest.raises(InputError, match="has 4 points an instant, and the network reads 8"):
        viewport.start(model, np.zeros((10, 4, 4)))

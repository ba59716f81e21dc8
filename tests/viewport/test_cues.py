"""Eyes and face at the rate of predictions, and as made-up viewers show them."""

import dataclasses

import jax
import numpy as np
import pytest

from dvs_jax.viewport import cues, dataset, sphere, tracks, windows
from dvs_jax.viewport.starvp import objective
from dvs_jax.viewport.starvp.architecture import Architecture
from dvs_jax.viewport.synthetic import audience

OF = Architecture(past=5, future=4, points=8)


def drawn(**how):
    return audience.draw(4, 2, 3, **how)


def test_eyes_are_told_in_units_of_30_degrees_and_within_bounds():
    trace = drawn().traces[0]
    found = tracks.track(trace).cues
    np.testing.assert_allclose(found.gaze, trace.gaze[::10], atol=1e-6)
    expected = np.clip(trace.eye_in_head_deg[::10] / 30.0, -2.0, 2.0)
    np.testing.assert_allclose(found.eyes[:, :3], expected, atol=1e-5)
    assert found.eyes[:, 4].max() <= 1.0
    np.testing.assert_array_equal(found.face, 0.0)


def test_without_eyes_and_face_the_eyes_look_ahead():
    trace = drawn().traces[0]
    fields = ("gaze", "eye_in_head_deg", "fixating", "fixation_s", "face")
    found = tracks.track(dataclasses.replace(trace, **dict.fromkeys(fields)))
    np.testing.assert_array_equal(found.cues.gaze, found.direction)
    np.testing.assert_array_equal(found.cues.eyes, 0.0)


def test_windows_have_the_cues_of_their_past():
    track = tracks.track(drawn(absent=0.4).traces[1])
    late = dataclasses.replace(track, first=10)
    for each in (track, late):
        found = windows.cut([each], 3, 5, 4)
        begin = found.last - each.first - 4
        np.testing.assert_array_equal(found.cues.gaze[2], track.cues.gaze[begin[2] :][:5])
        np.testing.assert_array_equal(found.cues.face[2], track.cues.face[begin[2] :][:5])
    np.testing.assert_array_equal(found.past, track.direction[begin[:, None] + np.arange(5)])


def test_the_eyes_lead_and_without_a_lead_the_head_does_the_same():
    leading, late = drawn(), drawn(lead_s=(0.0, 0.0))
    for one, other in zip(leading.traces, late.traces, strict=True):
        np.testing.assert_array_equal(one.direction, other.direction)
    gap = [
        np.mean([sphere.distance(each.gaze, each.direction).mean() for each in part.traces])
        for part in (leading, late)
    ]
    assert gap[0] > 1.1 * gap[1]


def test_samples_one_by_one_have_the_eyes_of_the_whole_trace():
    trace = drawn().traces[0]
    seen = cues.of_head(trace.direction[0])._replace(gaze=trace.gaze[0])
    step = jax.jit(cues.of_sample)
    for number in range(1, 80):
        sample = (each[number].astype(np.float32) for each in (trace.direction, trace.gaze))
        seen = step(seen, np.float32(0.02), *sample, np.zeros(5, np.float32))
        expected = np.clip(trace.eye_in_head_deg[number] / 30.0, -2.0, 2.0)
        np.testing.assert_allclose(seen.eyes[:3], expected, atol=1e-4)
        assert seen.eyes[3] == trace.fixating[number]
        assert seen.eyes[4] == pytest.approx(min(trace.fixation_s[number], 1.0), abs=1e-4)
    assert not trace.fixating[:80].all()


def test_faces_tell_who_will_follow():
    found = drawn(absent=0.4)
    activity = np.concatenate([trace.face[:, 0] for trace in found.traces])
    assert ((activity < 0.45) | (activity > 0.65)).mean() > 0.9
    assert 0.2 < (activity < 0.5).mean() < 0.6


def test_a_crowd_watches_every_video():
    found = drawn(crowd_seed=9)
    names = [trace.viewer for trace in found.traces]
    assert names[:3] == names[3:] and len(set(names)) == 3
    again = audience.draw(5, 1, 3, crowd_seed=9)
    assert [trace.viewer for trace in again.traces] == names[:3]


def test_mirroring_turns_the_eyes_to_the_other_side():
    traces = [tracks.track(trace) for trace in drawn(crowd_seed=9, absent=0.4).traces]
    found = windows.cut(traces, 5, 5, 4)
    points = {name: np.ones((150, 8, 4), np.float32) for name in set(found.video.tolist())}
    known = sorted(set(found.viewer.tolist()))
    data = dataset.Dataset(found, points, known)
    example = data.examples(np.array([7]), np.zeros(1, np.uint32))
    assert found.viewer[7] == known[example.viewer[0] - 1]
    example = jax.tree.map(lambda leaf: leaf[0], example)
    unknown = 0
    for seed in range(40):
        after = objective.augmented(example, jax.random.key(seed), False)
        side = after.past[0, 1] / example.past[0, 1]
        np.testing.assert_allclose(after.cues.gaze[:, 1], side * example.cues.gaze[:, 1], rtol=1e-5)
        np.testing.assert_allclose(after.cues.eyes[:, 0], side * example.cues.eyes[:, 0], rtol=1e-5)
        np.testing.assert_array_equal(after.cues.eyes[:, 1:], example.cues.eyes[:, 1:])
        unknown += int(after.viewer == 0)
    assert 1 <= unknown <= 12


def test_of_a_head_alone_everything_is_finite():
    found = cues.of_head(np.ones((2, 3), np.float32))
    assert [each.shape for each in found] == [(2, 3), (2, 5), (2, 5)]

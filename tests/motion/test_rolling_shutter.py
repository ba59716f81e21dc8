"""How long a readout takes, by tracks of points whose camera is known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.motion import rolling_shutter
from dvs_jax.motion.tracking import COUNT, Tracks

ASPECT = 9.0 / 16.0
FRAMES = 40


def sway(seed, amplitude=0.02, fastest_hz=6.0, rate=30.0):
    """A camera's path, as a function of times in frame intervals: where content is, in widths."""
    random = np.random.default_rng(seed)
    hz, phase = random.uniform(0.5, fastest_hz, (2, 4)), random.uniform(0, 2 * np.pi, (2, 4))

    def at(time):
        waves = np.sin(2 * np.pi * hz * np.asarray(time)[..., None, None] / rate + phase)
        return amplitude * waves.sum(axis=-1) / np.sqrt(hz.shape[1])

    return at


def seen_at(content, path, frame, readout):
    """Where each row shows what was at `content` at time 0: the time depends on the row."""
    seen = content
    for _ in range(20):
        seen = content + path(frame + readout * seen[:, 1] / ASPECT)
    return seen


def tracks_of(path, frame, readout, parallax=0.0, noise=0.1 / 640):
    """Tracks from a frame to the next, in the plane; near content, below, may move more."""
    random = np.random.default_rng(frame)
    place = random.uniform(-0.5, 0.5, (COUNT, 2)) * (1.0, ASPECT)
    content = place - path(np.array(frame))
    own = parallax * place[:, 1:] * (path(np.array(frame + 1.0)) - path(np.array(frame)))
    earlier = seen_at(content, path, frame, readout)
    later = seen_at(content + own, path, frame + 1, readout)
    earlier, later = (each + random.normal(0, noise, each.shape) for each in (earlier, later))
    return Tracks(*np.float32([earlier, later]), np.ones(COUNT, bool))


def evidence_of(tracks):
    found, after = rolling_shutter.no_evidence(), jax.jit(rolling_shutter.after)
    for each in tracks:
        found = after(found, each, jnp.float32(ASPECT))
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("readout", [0.3, 0.6, 0.9])
def test_the_readout_is_found(readout, seed):
    tracks = [tracks_of(sway(seed), frame, readout) for frame in range(FRAMES)]
    found = rolling_shutter.readout(evidence_of(tracks))
    assert float(found) == pytest.approx(readout, abs=0.05)


def test_the_readout_is_found_though_most_rows_are_far_from_where_they_belong():
    # The picture shakes by a tenth of its width: one similarity fits a few rows only.
    tracks = [tracks_of(sway(1, amplitude=0.1), frame, 0.8) for frame in range(FRAMES)]
    assert float(rolling_shutter.readout(evidence_of(tracks))) == pytest.approx(0.8, abs=0.1)


@pytest.mark.parametrize("seed", range(3))
def test_none_is_found_where_all_rows_are_read_at_once(seed):
    tracks = [tracks_of(sway(seed), frame, 0.0) for frame in range(FRAMES)]
    assert float(rolling_shutter.readout(evidence_of(tracks))) < 0.02


@pytest.mark.parametrize("seed", range(3))
def test_parallax_is_not_taken_for_a_readout(seed):
    tracks = [tracks_of(sway(seed), frame, 0.0, parallax=0.5) for frame in range(FRAMES)]
    assert float(rolling_shutter.readout(evidence_of(tracks))) < 0.1


def test_rows_read_from_the_bottom_up_are_left_as_they_are():
    tracks = [tracks_of(sway(0), frame, -0.8) for frame in range(FRAMES)]
    assert float(rolling_shutter.readout(evidence_of(tracks))) == 0.0


@pytest.mark.parametrize("axis", [0, 1])
def test_of_tracks_on_one_line_no_bend_is_told(axis):
    tracks = [tracks_of(sway(0), frame, 0.0) for frame in range(5)]
    on_line = [
        each._replace(earlier=each.earlier.copy(), later=each.later.copy()) for each in tracks
    ]
    for each in on_line:
        moved = (each.later - each.earlier).mean(axis=0)
        each.earlier[:, axis] = 0.2
        each.later[:] = each.earlier + moved
    found = evidence_of(on_line).latest
    assert found.known.all()
    np.testing.assert_allclose(found.bend, 0.0, atol=1e-3)
    np.testing.assert_allclose(found.motion[:, 2:], 0.0, atol=1e-3)


def test_a_still_camera_and_pictures_without_corners_tell_nothing():
    still = [tracks_of(sway(0, amplitude=0.0), frame, 0.9) for frame in range(FRAMES)]
    blank = [each._replace(known=np.zeros(COUNT, bool)) for each in still]
    for tracks in (still, blank):
        assert float(rolling_shutter.readout(evidence_of(tracks))) == 0.0


def rectified_error(path, steps, readout, frame, content):
    """How far, RMS, what is taken for a frame's content lies from where it is seen."""
    true = seen_at(content, path, frame, readout)
    middle = content + path(np.array(frame))
    at = rolling_shutter.in_its_row(
        jnp.float32(middle), steps, jnp.float32(readout), jnp.float32(ASPECT)
    )
    return np.sqrt(((np.asarray(at) - true) ** 2).sum(axis=-1).mean())


@pytest.mark.parametrize("seed", range(3))
def test_rows_are_taken_from_where_they_show_the_scene(seed):
    path, readout = sway(seed), 0.9
    content = np.random.default_rng(seed).uniform(-0.4, 0.4, (50, 2)) * (1.0, ASPECT)
    errors, bent = [], []
    for frame in range(10, 20):
        tracks = [tracks_of(path, each, readout) for each in range(frame - 4, frame + 2)]
        steps = rolling_shutter.steps(evidence_of(tracks))
        errors.append(rectified_error(path, steps, readout, frame, content))
        bent.append(rectified_error(path, jnp.zeros((4, 4)), readout, frame, content))
    assert np.mean(bent) > 1.0 / 640
    assert np.mean(errors) < 0.06 * np.mean(bent)


def test_a_roll_moves_each_row_by_its_own_share():
    path, aspect = sway(0), jnp.float32(ASPECT)
    still = rolling_shutter.in_its_row(
        jnp.float32(path(np.arange(3.0))), jnp.zeros((4, 4)), jnp.float32(1.0), aspect
    )
    np.testing.assert_allclose(still, path(np.arange(3.0)), atol=1e-6)
    roll = jnp.zeros((4, 4)).at[:, 2].set(0.02)
    point = jnp.float32([[0.3, -0.2], [0.3, 0.2]])
    seen = np.asarray(rolling_shutter.in_its_row(point, roll, jnp.float32(0.8), aspect))
    angle = np.arctan2(seen[:, 1], seen[:, 0]) - np.arctan2(point[:, 1], point[:, 0])
    np.testing.assert_allclose(angle, 0.02 * 0.8 * seen[:, 1] / ASPECT, atol=1e-5)


@pytest.mark.parametrize(
    "known, expected",
    [
        ([1, 1, 1, 1], [0, 1, 2, 3]),
        ([1, 1, 1, 0], [0, 1, 2, 2]),
        ([1, 1, 0, 0], [0, 1, 1, 1]),
        ([0, 0, 1, 1], [2, 2, 2, 3]),
        ([1, 0, 1, 1], [2, 2, 2, 3]),
        ([1, 1, 0, 1], [0, 1, 1, 1]),
        ([1, 0, 0, 1], [0, 0, 0, 0]),
    ],
)
def test_for_a_motion_that_is_not_known_the_nearest_stands(known, expected):
    evidence = rolling_shutter.no_evidence()
    motion = jnp.concatenate([jnp.full((1, 4), 9.0), jnp.outer(jnp.arange(4.0), jnp.ones(4))])
    latest = evidence.latest._replace(motion=motion, known=jnp.array([1, *known], bool))
    found = rolling_shutter.steps(evidence._replace(latest=latest))
    np.testing.assert_array_equal(found[:, 0], expected)

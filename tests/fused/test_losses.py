"""The loss terms: the official program's numbers, and gradients where they are delicate."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax import quaternion
from dvs_jax.camera_path import pose_at
from dvs_jax.fused import features, losses, reach
from dvs_jax.fused.losses import Course, Moment

ORDER = ("follow", "angle", "smooth", "c2_smooth", "undefine", "optical", "stay")
WEIGHTS = dict(zip(ORDER, (10.0, 1.0, 10.0, 200.0, 2.0, 0.1, 1.0), strict=True))
"""Those with which the official program's terms were recorded."""

FOCAL = np.array([1 / 1.27, 16 / 9 / 1.27], np.float32)


@pytest.fixture(scope="module")
def recorded_moments(recorded_clip, recorded_steps, official_network):
    camera_pose = pose_at(recorded_clip.gyro, recorded_clip.time_ns, "identity")
    flow = [features.normalize_flow(*p, official_network.architecture) for p in recorded_clip.flow]
    return Moment(
        recorded_steps["out"].reshape(39, 4),
        recorded_steps["virtual_inputs"].reshape(39, 2, 4),
        recorded_steps["real_inputs"].reshape(39, 21, 4),
        recorded_steps["anchor"].reshape(39, 4),
        np.stack([camera_pose[:-1], camera_pose[1:]], axis=1),
        recorded_steps["vt_1"].reshape(39, 4),
        np.stack(flow),
        np.broadcast_to(FOCAL, (39, 2)),
    )


@pytest.mark.parametrize("name", ORDER)
def test_golden_losses(recorded_moments, recorded_steps, name):
    moments = jax.tree.map(lambda array: jnp.asarray(array, jnp.float32), recorded_moments)
    found = jax.jit(lambda m: jax.lax.map(losses.OFFICIAL_STEP_TERMS[name], m))(moments)
    wanted = recorded_steps["losses"][:, ORDER.index(name)]
    np.testing.assert_allclose(WEIGHTS[name] * found, wanted, rtol=3e-3, atol=1e-5)


def still_moment(**changes):
    same = np.array([0.0, 0.0, 0.0, 1.0], np.float32)
    moment = Moment(
        turn=same,
        virtual=np.tile(same, (2, 1)),
        real=np.tile(same, (21, 1)),
        anchor=same,
        camera_pose=np.tile(same, (2, 1)),
        previous_pose=same,
        flow=np.zeros((9, 16, 4), np.float32),
        focal=FOCAL,
    )
    return jax.tree.map(jnp.asarray, moment._replace(**changes))


def about_y(degrees):
    return quaternion.from_rotation_vector(np.radians([0.0, degrees, 0.0])).astype(np.float32)


DELICATE = {
    "identical quaternions": {},
    "half turn away": {"turn": about_y(180.0)},
    "camera turned round": {"real": np.tile(about_y(180.0), (21, 1))},
    "no valid flow": {"flow": np.full((9, 16, 4), 2.0, np.float32)},
    "corner behind the camera": {"turn": about_y(75.0)},
    "previous pose behind": {"previous_pose": about_y(100.0)},
}


@cache
def with_gradient(term):
    """Return the function that returns a term and its gradient, compiled once for all cases."""
    return jax.jit(jax.value_and_grad(term))


@pytest.mark.slow
@pytest.mark.parametrize("name", ORDER)
@pytest.mark.parametrize("case", DELICATE)
@pytest.mark.parametrize("terms", [losses.STEP_TERMS, losses.OFFICIAL_STEP_TERMS])
def test_gradients_of_a_step_are_finite(name, case, terms):
    moment = still_moment(**DELICATE[case])
    value, gradient = with_gradient(terms[name])(moment)
    assert np.isfinite(value)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient))


@pytest.mark.slow
def test_no_valid_flow_counts_nothing():
    moment = still_moment(flow=np.full((9, 16, 4), 2.0, np.float32), turn=about_y(1.0))
    assert losses.optical(moment) == losses.official_optical(moment) == 0.0


@pytest.mark.slow
def test_optical_is_zero_where_the_virtual_camera_stands_still():
    """The camera turns; flow says so; the virtual pose is the same in both frames."""
    turned = about_y(2.0)
    mesh = losses.pixel_centers(90, 160)
    land = losses._landing(jnp.asarray(FOCAL), jnp.full(2, 0.5))
    flow = np.concatenate(
        [land(jnp.asarray(turned), mesh) - mesh, land(quaternion.conjugate(turned), mesh) - mesh],
        axis=-1,
    )
    same = about_y(0.0)
    moment = still_moment(flow=flow, camera_pose=np.stack([same, turned]))
    assert losses.optical(moment) < 1e-11
    moved = losses.optical(moment._replace(turn=jnp.asarray(about_y(0.1))))
    # Near the middle 0.1° shifts the picture by focal length · 0.1°; towards its sides by more.
    shift = FOCAL[0] * np.radians(0.1)
    assert 2 * shift**2 < moved < 2 * (1.6 * shift) ** 2


@pytest.mark.slow
def test_our_optical_agrees_with_the_official_one_without_its_quirks():
    """On flow of the same units, the meshes half a pixel apart and grids interpolated."""
    moment = still_moment(
        flow=np.full((90, 160, 4), 0.01, np.float32), turn=about_y(0.5), anchor=about_y(1.0)
    )
    np.testing.assert_allclose(
        losses.optical(moment), losses.official_optical(moment), rtol=5e-2, atol=1e-7
    )


def course(angle, interval_s=1 / 30):
    """Return a path that pitches by `angle` radians."""
    vector = angle[:, None] * np.array([1.0, 0.0, 0.0])
    pose = quaternion.from_rotation_vector(vector).astype(np.float32)
    every = np.full(len(angle), interval_s, np.float32)
    return jax.tree.map(
        jnp.asarray,
        Course(pose, pose[1:], every[1:], vector[1:], np.zeros_like(vector[1:]), np.float32(1.0)),
    )


@pytest.mark.slow
def test_acceleration_and_jerk_of_a_known_path():
    t = np.arange(61) / 30
    assert losses.acceleration(course(0.05 * t)) < 2e-3
    np.testing.assert_allclose(losses.acceleration(course(0.2 * t**2)), 0.4, rtol=1e-3)
    np.testing.assert_allclose(losses.jerk(course(0.2 * t**3)), 1.2, rtol=1e-2)


def test_a_logarithm_counts_shares():
    t = np.arange(61) / 30
    calm, wild = course(0.002 * t**3), course(0.2 * t**3)
    np.testing.assert_allclose(
        losses.log_jerk(wild) - losses.log_jerk(calm), np.log(1.21 / 0.022), rtol=1e-2
    )


def test_camera_turn_is_the_logarithm_of_what_the_turns_err_by():
    """3 and 4 mrad about two axes are 5; half the frames without error leave 5 / √2."""
    path = course(np.zeros(9))
    error = np.tile([[0.003, 0.0, -0.004], [0.0, 0.0, 0.0]], (4, 1))
    path = path._replace(camera_turn=path.true_turn + error)
    wanted = np.log(5e-3 / np.sqrt(2) + losses.LEAST_TURN_ERROR_RAD)
    np.testing.assert_allclose(losses.camera_turn(path), wanted, rtol=1e-5)


@pytest.mark.parametrize("term", losses.PATH_TERMS)
@pytest.mark.parametrize("angle", [np.zeros(8), np.linspace(0, 8 * np.pi, 8), np.full(8, np.pi)])
def test_gradients_of_a_path_are_finite(term, angle):
    _, gradient = with_gradient(losses.PATH_TERMS[term])(course(angle))
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient))


@pytest.mark.slow
def test_cover_counts_what_is_at_the_end_of_the_reach():
    """Of 0.1 of the frame at each side; pitch uses up more of it than yaw does."""
    near, far = course(np.full(9, 0.01)), course(np.full(9, 0.06))
    assert losses.cover(near) < 1e-3
    beyond = reach.used_share(jnp.asarray([0.06, 0.0, 0.0])) - reach.FREE_SHARE
    np.testing.assert_allclose(losses.cover(far), 2 * beyond, rtol=0.05)


def test_off_center_counts_what_is_left_when_shake_averages_out():
    t = np.arange(61) / 30
    shake = 0.05 * np.sin(2.0 * np.pi * 2.0 * t)
    none, still, aside = (
        losses.off_center(course(angle)) for angle in (0 * t, shake, shake + 0.03)
    )
    np.testing.assert_allclose(still, none, atol=0.01)
    expected = reach.used_share(jnp.asarray([0.03, 0.0, 0.0]))
    np.testing.assert_allclose(aside, expected, atol=0.02)
    grown = course(2 * (shake + 0.03))._replace(strength=jnp.float32(2.0))
    np.testing.assert_allclose(losses.off_center(grown), aside, rtol=1e-4)


def test_off_center_counts_the_lag_behind_an_even_turn():
    """Where the virtual camera comes a tenth of a second late, at 20 degrees a second."""
    rate = np.radians(20.0)
    lagging = course(rate * np.arange(61) / 30)._replace(
        turned=jnp.asarray(quaternion.from_rotation_vector(np.full((60, 3), [-0.1 * rate, 0, 0])))
    )
    expected = reach.used_share(jnp.asarray([0.1 * rate, 0.0, 0.0]))
    np.testing.assert_allclose(losses.off_center(lagging), expected, rtol=1e-4)

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, signal

from dvs_jax import camera, quaternion, smoothing
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath, pose_at
from dvs_jax.errors import InputError
from dvs_jax.smoothing import SMOOTHERS, Exposure, filters

NAMES = list(SMOOTHERS)
LOOKING_AHEAD = [name for name in NAMES if SMOOTHERS[name].look_ahead_s > 0.0]
SIZE = (1920, 1080)
TILTED = np.array([0.36, 0.8, -0.48])


def uniform_ns(frames, rate=30.0):
    return np.rint(np.arange(frames) * 1e9 / rate).astype(np.int64)


def irregular_ns(frames, seed=0):
    interval = np.random.default_rng(seed).uniform(15e6, 50e6, frames)
    interval[frames // 2] = 200e6
    return 10**18 + np.cumsum(interval).astype(np.int64)


def seconds(time_ns):
    return (time_ns - time_ns[0]) * 1e-9


def turning(time_ns, angle_deg, axis=(1.0, 0.0, 0.0)):
    """One-axis path: angle [frame] in degrees about an axis."""
    vector = np.radians(np.asarray(angle_deg))[:, None] * np.asarray(axis)[None, :]
    return CameraPath(time_ns, quaternion.from_rotation_vector(vector))


def wandering(time_ns, seed=0, rate_deg_s=60.0):
    """Path of random angular velocity about all axes, smooth over a quarter of a second."""
    noise = np.random.default_rng(seed).normal(size=(len(time_ns), 3))
    velocity = ndimage.gaussian_filter1d(noise, 8.0, axis=0)
    velocity *= np.radians(rate_deg_s) / velocity.std()
    step = quaternion.from_rotation_vector(velocity * np.gradient(seconds(time_ns))[:, None])
    pose = [step[0]]
    for turn in step[1:]:
        pose.append(quaternion.multiply(turn, pose[-1]))
    return CameraPath(time_ns, quaternion.normalize(np.array(pose)))


def angle_deg(path):
    """Inverse of `turning` about x, within ±180°."""
    return np.degrees(quaternion.to_rotation_vector(path.quaternion)[:, 0])


def apart_deg(pose, other):
    return np.degrees(quaternion.angle_between(pose, other))


def jerk(path):
    turn = quaternion.multiply(path.quaternion[1:], quaternion.conjugate(path.quaternion[:-1]))
    velocity = np.degrees(quaternion.to_rotation_vector(turn)) * 30.0
    return np.sqrt(((np.diff(velocity, 2, axis=0) * 900.0) ** 2).sum(axis=-1).mean())


@pytest.mark.parametrize("frames", [1, 2, 3, 40])
@pytest.mark.parametrize("name", NAMES)
def test_a_constant_pose_stays(name, frames):
    path = turning(irregular_ns(frames), np.full(frames, 70.0), TILTED)
    smoothed = smoothing.smooth(name, path)
    np.testing.assert_allclose(smoothed.quaternion, path.quaternion, atol=1e-12)
    np.testing.assert_array_equal(smoothed.time_ns, path.time_ns)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("frames", [1, 2])
def test_the_shortest_paths_are_finite(name, frames):
    path = wandering(uniform_ns(3))
    short = CameraPath(path.time_ns[:frames], path.quaternion[:frames])
    exposure = smoothing.global_shutter(Camera(), SIZE, short)
    for smoothed in (
        smoothing.smooth(name, short),
        smoothing.smooth(name, short, look_ahead_s=0.0),
        smoothing.smooth_within_frame(name, short, exposure, 0.05),
    ):
        assert np.isfinite(smoothed.quaternion).all()
    assert smoothing.covered(exposure, smoothed.quaternion, 0.05).all()


@pytest.mark.parametrize("look_ahead_s", [np.inf, 0.4, 0.0])
@pytest.mark.parametrize("name", LOOKING_AHEAD)
def test_a_pan_through_more_than_a_turn_is_kept_to_its_ends(name, look_ahead_s):
    time_ns = irregular_ns(300)
    path = turning(time_ns, 50.0 * seconds(time_ns), TILTED)
    smoothed = smoothing.smooth(name, path, look_ahead_s=look_ahead_s)
    assert apart_deg(smoothed.quaternion, path.quaternion).max() < 1e-6


@pytest.mark.parametrize("rate_deg_s", [0.1, 1.0, 10.0, 30.0])
@pytest.mark.parametrize("axis", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), TILTED])
@pytest.mark.parametrize("name", NAMES)
def test_an_even_turn_is_followed_without_lag(name, axis, rate_deg_s):
    """Also one that begins within the clip, by at most 4.5 s later."""
    time_ns = irregular_ns(300)
    time_s = seconds(time_ns)
    path = turning(time_ns, rate_deg_s * np.maximum(time_s - 1.0, 0.0), axis)
    smoothed = smoothing.smooth(name, path, look_ahead_s=0.4)
    settled = time_s > 5.5
    assert apart_deg(smoothed.quaternion, path.quaternion)[settled].max() < 0.005


@pytest.mark.parametrize("name", NAMES)
def test_signs_of_quaternions_do_not_matter(name):
    path = wandering(uniform_ns(120), rate_deg_s=150.0)
    sign = np.random.default_rng(1).choice([-1.0, 1.0], (120, 1))
    flipped = CameraPath(path.time_ns, path.quaternion * sign)
    one, other = smoothing.smooth(name, path), smoothing.smooth(name, flipped)
    assert apart_deg(one.quaternion, other.quaternion).max() < 1e-6


@pytest.mark.parametrize(
    ("name", "strength_s", "gain"),
    [
        ("gaussian", 0.03, np.exp(-((2.0 * np.pi * 6.0 * 0.03) ** 2) / 2.0)),
        ("gaussian", 0.05, np.exp(-((2.0 * np.pi * 6.0 * 0.05) ** 2) / 2.0)),
        ("adaptive", 0.05, np.exp(-((2.0 * np.pi * 6.0 * 0.05) ** 2) / 2.0)),
        ("exponential", 0.2, 1.0 / np.hypot(1.0, 2.0 * np.pi * 6.0 * 0.2)),
    ],
)
def test_shake_is_attenuated_as_theory_has_it(name, strength_s, gain, monkeypatch):
    monkeypatch.setattr(filters, "PAN_SPEED", 1e6)  # at this strength the shake is a pan
    time_ns = uniform_ns(1200, 240.0)
    shake = turning(time_ns, np.sin(2.0 * np.pi * 6.0 * seconds(time_ns)))
    smoothed = angle_deg(smoothing.smooth(name, shake, strength_s))
    middle = smoothed[400:800]
    assert np.abs(middle).max() == pytest.approx(gain, abs=2e-3)


def test_default_smoothers_take_shake_out():
    time_ns = uniform_ns(300)
    shake = turning(time_ns, np.sin(2.0 * np.pi * 6.0 * seconds(time_ns)))
    left = {name: np.abs(angle_deg(smoothing.smooth(name, shake))[60:240]).max() for name in NAMES}
    assert left["gaussian"] < 1e-4
    assert left["adaptive"] < 1e-4
    assert left["savitzky-golay"] < 0.1
    assert left["exponential"] < 0.15


def test_gaussian_is_scipys_about_one_axis():
    time_ns = uniform_ns(200, 25.0)
    angle = np.cumsum(np.random.default_rng(2).normal(size=200))
    smoothed = angle_deg(smoothing.smooth("gaussian", turning(time_ns, angle), 5.05 / 25.0))
    wanted = ndimage.gaussian_filter1d(angle, 5.05, truncate=4.0)
    np.testing.assert_allclose(smoothed[25:-25], wanted[25:-25], atol=1e-9)


def test_savitzky_golay_is_scipys_about_one_axis_to_the_ends():
    time_ns = uniform_ns(200, 25.0)
    angle = np.cumsum(np.random.default_rng(3).normal(size=200))
    smoothed = angle_deg(smoothing.smooth("savitzky-golay", turning(time_ns, angle), 0.4))
    wanted = signal.savgol_filter(angle, 21, 2, mode="interp")
    np.testing.assert_allclose(smoothed, wanted, atol=1e-9)


def test_savitzky_golay_keeps_a_parabola_at_irregular_times():
    time_ns = irregular_ns(150)
    path = turning(time_ns, 5.0 * seconds(time_ns) ** 2, TILTED)
    smoothed = smoothing.smooth("savitzky-golay", path)
    assert apart_deg(smoothed.quaternion, path.quaternion).max() < 1e-6


def test_a_narrow_window_is_as_well_conditioned_as_a_wide_one():
    time_ns = uniform_ns(200, 5000.0)
    angle = np.cumsum(np.random.default_rng(3).normal(size=200))
    smoothed = angle_deg(smoothing.smooth("savitzky-golay", turning(time_ns, angle), 0.001))
    wanted = signal.savgol_filter(angle, 11, 2, mode="interp")
    np.testing.assert_allclose(smoothed, wanted, atol=1e-7)


@pytest.mark.parametrize(
    ("name", "tolerance_deg"),
    [("gaussian", 0.05), ("adaptive", 0.05), ("exponential", 0.15), ("savitzky-golay", 0.5)],
)
def test_uneven_frames_and_a_gap_give_the_path_of_even_ones(name, tolerance_deg):
    def sway(time_ns):
        return turning(time_ns, 10.0 * np.sin(2.0 * np.pi * 0.4 * time_ns * 1e-9))

    uneven_ns = irregular_ns(250, seed=4) - 10**18
    uneven = smoothing.smooth(name, sway(uneven_ns))
    even = smoothing.smooth(name, sway(uniform_ns(2400, 240.0)))
    apart = apart_deg(uneven.quaternion, pose_at(even, uneven_ns, "hold"))
    away_from_ends = (uneven_ns > 2.0e9) & (uneven_ns < 6.0e9)
    assert apart[away_from_ends].max() < tolerance_deg


def shake_with_a_pause(gap_s, phase=0.0):
    time_ns = uniform_ns(600)
    time_ns[300:] += round(gap_s * 1e9)
    return turning(time_ns, np.sin(2.0 * np.pi * 6.0 * seconds(time_ns) + phase))


@pytest.mark.parametrize("gap_s", [0.2, 2.0, 60.0])
@pytest.mark.parametrize("name", ["gaussian", "adaptive"])
def test_a_pause_leaves_no_more_shake_than_an_end(name, gap_s):
    for phase in np.linspace(0.0, np.pi, 5):
        left = np.abs(angle_deg(smoothing.smooth(name, shake_with_a_pause(gap_s, phase))))
        assert left[60:540].max() < 0.125


@pytest.mark.parametrize("name", ["gaussian", "adaptive"])
def test_what_a_long_pause_parts_is_smoothed_apart(name):
    path = shake_with_a_pause(60.0)
    parts = [CameraPath(path.time_ns[part], path.quaternion[part]) for part in np.s_[:300, 300:]]
    apart = np.concatenate([smoothing.smooth(name, part).quaternion for part in parts])
    assert apart_deg(smoothing.smooth(name, path).quaternion, apart).max() < 1e-6


def test_gaussian_is_close_to_the_intrinsic_mean():
    path = wandering(uniform_ns(240), seed=5, rate_deg_s=40.0)
    smoothed = smoothing.smooth("gaussian", path, 0.3).quaternion
    offset = np.arange(-36, 37)
    weight = np.exp(-0.5 * (offset / 9.0) ** 2)
    for frame in range(40, 200, 10):
        mean = path.quaternion[frame]
        for _ in range(20):
            away = quaternion.multiply(
                path.quaternion[frame + offset], quaternion.conjugate(mean)[None, :]
            )
            step = (weight[:, None] * quaternion.to_rotation_vector(away)).sum(0) / weight.sum()
            mean = quaternion.multiply(quaternion.from_rotation_vector(step), mean)
        moved = apart_deg(mean, path.quaternion[frame])
        assert apart_deg(smoothed[frame], mean) < 0.03 * max(moved, 1.0)


def test_unrolling_leaves_a_twelfth_of_the_squared_change_of_shake():
    time_ns = uniform_ns(60)
    shake = turning(time_ns, np.sin(2.0 * np.pi * 6.0 * seconds(time_ns) + 0.3))
    turn, carry = smoothing.unroll(shake.quaternion)
    change = np.radians([0.0, 20.0, 0.0])
    steadied = smoothing.roll_back(shake.quaternion, carry, change[None, :] - turn)
    left = angle_deg(CameraPath(time_ns, steadied))
    assert np.ptp(left) / 2.0 <= np.radians(20.0) ** 2 / 12.0 * 1.05


def test_adaptive_follows_a_pan_more_closely_than_gaussian_does():
    time_ns = uniform_ns(360)
    time_s = seconds(time_ns)
    shake = np.sin(2.0 * np.pi * 6.0 * time_s)
    pan = 60.0 * np.clip(time_s - 6.0, 0.0, 2.0)
    path = turning(time_ns, pan + shake)
    ahead = {}
    for name in ("gaussian", "adaptive"):
        smoothed = angle_deg(smoothing.smooth(name, path, 0.5))
        ahead[name] = np.abs(smoothed - pan).max()
        assert np.abs(smoothed[60:100]).max() < 1e-3  # equal attenuation at rest: to nothing
    assert ahead["gaussian"] == pytest.approx(60.0 * 0.5 / np.sqrt(2.0 * np.pi), rel=0.02)
    assert ahead["adaptive"] < 0.6 * ahead["gaussian"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("look_ahead_s", [0.0, 0.4])
def test_no_later_pose_is_used_than_allowed(name, look_ahead_s):
    path = wandering(uniform_ns(150), seed=6)
    frame = 75
    allowed_s = min(look_ahead_s, SMOOTHERS[name].look_ahead_s)
    later = seconds(path.time_ns) > seconds(path.time_ns)[frame] + allowed_s + 1e-5
    other = CameraPath(
        path.time_ns,
        np.where(later[:, None], wandering(path.time_ns, 7).quaternion, path.quaternion),
    )
    one = smoothing.smooth(name, path, look_ahead_s=look_ahead_s).quaternion
    changed = smoothing.smooth(name, other, look_ahead_s=look_ahead_s).quaternion
    np.testing.assert_allclose(one[: frame + 1], changed[: frame + 1], atol=1e-12)
    assert apart_deg(one[frame + 30], changed[frame + 30]) > 0.1


@pytest.mark.parametrize("name", NAMES)
def test_limited_path_uses_no_later_pose_than_allowed(name):
    path = wandering(uniform_ns(150), seed=6, rate_deg_s=40.0)
    frame = 75
    allowed_s = min(0.4, SMOOTHERS[name].look_ahead_s)
    later = seconds(path.time_ns) > seconds(path.time_ns)[frame] + allowed_s + 1e-5
    other = CameraPath(
        path.time_ns,
        np.where(later[:, None], wandering(path.time_ns, 7).quaternion, path.quaternion),
    )
    one, changed = (
        smoothing.smooth_within_frame(
            name, p, smoothing.global_shutter(Camera(), SIZE, p), 0.08, look_ahead_s=0.4
        ).quaternion
        for p in (path, other)
    )
    np.testing.assert_allclose(one[: frame + 1], changed[: frame + 1], atol=1e-12)


rotations = (
    st.tuples(*[st.floats(-1.0, 1.0) for _ in range(4)])
    .map(np.array)
    .filter(lambda q: np.linalg.norm(q) > 0.1)
    .map(quaternion.normalize)
)


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=15)
@given(turn=rotations)
def test_a_turn_of_the_axes_turns_the_result(name, turn):
    path = wandering(irregular_ns(60), seed=8, rate_deg_s=100.0)
    smoothed = smoothing.smooth(name, path).quaternion
    turn = np.broadcast_to(turn, path.quaternion.shape)
    world = CameraPath(path.time_ns, quaternion.multiply(path.quaternion, turn))
    mounted = CameraPath(path.time_ns, quaternion.multiply(turn, path.quaternion))
    in_world = smoothing.smooth(name, world).quaternion
    in_mount = smoothing.smooth(name, mounted).quaternion
    assert apart_deg(in_world, quaternion.multiply(smoothed, turn)).max() < 1e-6
    assert apart_deg(in_mount, quaternion.multiply(turn, smoothed)).max() < 1e-6


@pytest.mark.parametrize("name", NAMES)
def test_no_jump_at_the_ends(name):
    time_ns = uniform_ns(300)
    shake = turning(time_ns, np.sin(2.0 * np.pi * 6.0 * seconds(time_ns) + 1.0))
    step = np.abs(np.diff(angle_deg(smoothing.smooth(name, shake))))
    raw_step = np.abs(np.diff(angle_deg(shake)))
    assert max(step[:15].max(), step[-15:].max()) < 0.25 * raw_step.max()


# --- the frame stays covered ---


def violent(time_ns):
    """Pan of 0 → 200°/s → 0 under a 4 Hz shake of 6° about all axes: (angle [.., 3] degrees)."""
    time_s = time_ns * 1e-9
    phase = 2.0 * np.pi * 4.0 * time_s
    shake = 6.0 * np.stack([np.sin(phase), np.cos(1.1 * phase), np.sin(0.9 * phase + 1)], axis=-1)
    shake *= (0.5 + 0.5 * np.sin(2.0 * np.pi * 0.2 * time_s))[..., None]
    pan = 50.0 * np.tanh((time_s - 4.0) / 0.25)
    return shake + pan[..., None] * np.array([0.0, 1.0, 0.0])


def violent_exposure(frames=240, readout_ns=20_000_000, rows=12):
    dense_ns = np.arange(0, int((frames + 2) * 1e9 / 30.0), 2_000_000, dtype=np.int64)
    dense = CameraPath(dense_ns, quaternion.from_rotation_vector(np.radians(violent(dense_ns))))
    start_ns = uniform_ns(frames)
    row_ns = start_ns[:, None] + np.rint(readout_ns * camera.row_fractions(rows)[None, :]).astype(
        np.int64
    )
    center_ns = start_ns + readout_ns // 2
    path = CameraPath(center_ns, pose_at(dense, center_ns, "hold"))
    ois = 0.01 * np.sin(np.stack([row_ns * 2e-8, row_ns * 3e-8], axis=-1))
    return path, Exposure(Camera(), SIZE, pose_at(dense, row_ns, "hold"), ois)


def polygon_of(exposure, virtual, frame):
    """Border of the warped mesh in fractions of the output, from `camera.warp_grid`."""
    grid = camera.warp_grid(
        exposure.camera, exposure.size, exposure.pose[frame], exposure.ois[frame], virtual
    )[..., :2]
    return np.concatenate([grid[0, :-1], grid[:-1, -1], grid[-1, :0:-1], grid[:0:-1, 0]])


def drawn_kept_fraction(exposure, virtual, frame):
    """Draw the warped frame and grow a centred rectangle until it holds an empty pixel."""
    width, height, subpixel = 960, 540, 10
    polygon = polygon_of(exposure, virtual, frame) * np.array([width, height]) - 0.5
    drawn = np.zeros((height, width), np.uint8)
    cv2.fillPoly(drawn, [np.rint(polygon * 2**subpixel).astype(np.int32)], 1, shift=subpixel)
    x = np.abs((np.arange(width) + 0.5) / width - 0.5)[None, :]
    y = np.abs((np.arange(height) + 0.5) / height - 0.5)[:, None]
    away = np.where(drawn == 0, np.maximum(x, y), 0.5)
    return 2.0 * away.min()


def test_kept_fraction_is_what_a_drawing_shows():
    path, exposure = violent_exposure(60)
    away = quaternion.from_rotation_vector(
        np.radians(np.random.default_rng(9).uniform(-8.0, 8.0, (60, 3)))
    )
    virtual = quaternion.multiply(away, path.quaternion)
    kept = smoothing.kept_fraction(exposure, virtual)
    drawn = [drawn_kept_fraction(exposure, virtual[i], i) for i in range(0, 60, 3)]
    assert 0.3 < np.median(kept) < 0.9
    np.testing.assert_allclose(kept[::3], drawn, atol=0.006)


def test_kept_fraction_of_known_turns():
    yaw = np.radians([0.0, 5.0, -5.0, 50.0, 180.0])
    path = turning(uniform_ns(5), np.zeros(5))
    exposure = smoothing.global_shutter(Camera(principal_point=(0.5, 0.5)), (960, 540), path)
    virtual = quaternion.from_rotation_vector(yaw[:, None] * np.array([0.0, 1.0, 0.0])[None, :])
    kept = smoothing.kept_fraction(exposure, virtual)
    half = np.arctan(1.27 / 2.0)
    near_edge = np.tan(half - np.radians(5.0)) / 1.27
    assert kept[0] == pytest.approx(1.0, abs=2e-3)  # pixel centres lie half a pixel inside
    np.testing.assert_allclose(kept[1:3], 2.0 * near_edge, atol=2e-3)
    np.testing.assert_array_equal(kept[3:], 0.0)


@pytest.mark.parametrize("name", NAMES)
def test_violent_motion_stays_covered(name):
    path, exposure = violent_exposure()
    wanted = smoothing.smooth(name, path)
    assert smoothing.covered(exposure, wanted.quaternion, 0.12).mean() < 0.9
    limited = smoothing.smooth_within_frame(name, path, exposure, 0.12)
    assert smoothing.covered(exposure, limited.quaternion, 0.12).all()
    edge = np.array([0.12, 0.88]) * 0.999 + 0.0005
    for frame in range(0, 240, 7):
        polygon = polygon_of(exposure, limited.quaternion[frame], frame).astype(np.float32)
        for x, y in np.stack(np.meshgrid(edge, edge), axis=-1).reshape(-1, 2):
            assert cv2.pointPolygonTest(polygon, (float(x), float(y)), False) > 0


def test_a_network_s_path_is_limited_too():
    path, exposure = violent_exposure()
    held = CameraPath(path.time_ns, np.broadcast_to(path.quaternion[100], path.quaternion.shape))
    limited = smoothing.limit_to_cover([path, held], exposure, 0.12)
    assert smoothing.covered(exposure, limited.quaternion, 0.12).all()
    assert apart_deg(limited.quaternion, path.quaternion).max() > 1.0


def test_a_path_that_is_covered_is_left_alone():
    path = wandering(uniform_ns(100), seed=10, rate_deg_s=2.0)
    exposure = smoothing.global_shutter(Camera(), SIZE, path)
    smoothed = smoothing.smooth("gaussian", path)
    limited = smoothing.smooth_within_frame("gaussian", path, exposure, 0.1)
    assert apart_deg(limited.quaternion, smoothed.quaternion).max() < 1e-6


def pan_with_shake():
    """Pan of 80°/s from second 4 to 5.5, under a 6 Hz shake of 0.5°."""
    time_ns = uniform_ns(240)
    shake = 0.5 * np.sin(2.0 * np.pi * 6.0 * seconds(time_ns))
    path = turning(time_ns, 80.0 * np.clip(seconds(time_ns) - 4.0, 0.0, 1.5) + shake)
    return path, smoothing.global_shutter(Camera(), SIZE, path)


def test_giving_way_early_is_smoother_than_at_once():
    path, exposure = pan_with_shake()
    levels = [path, smoothing.smooth("gaussian", path, 0.1), smoothing.smooth("gaussian", path)]
    at_once = smoothing.limit_to_cover(levels, exposure, 0.1, look_ahead_s=0.0)
    early = smoothing.limit_to_cover(levels, exposure, 0.1)
    assert smoothing.covered(exposure, at_once.quaternion, 0.1).all()
    assert smoothing.covered(exposure, early.quaternion, 0.1).all()
    assert jerk(early) < 0.3 * jerk(at_once)


def test_giving_way_through_weaker_smoothing_lets_less_shake_through():
    path, exposure = pan_with_shake()
    mixed = smoothing.limit_to_cover([path, smoothing.smooth("gaussian", path)], exposure, 0.1)
    through_weaker = smoothing.smooth_within_frame("gaussian", path, exposure, 0.1)
    assert jerk(through_weaker) < 0.2 * jerk(mixed)


def test_a_crop_too_small_is_said_once(caplog):
    path = turning(uniform_ns(20), np.zeros(20))
    ois = np.zeros((20, 1, 2))
    ois[5:8] = 0.05
    exposure = Exposure(Camera(), SIZE, path.quaternion[:, None, :], ois)
    limited = smoothing.smooth_within_frame("gaussian", path, exposure, 0.01)
    assert "3 of 20 frames are not covered" in caplog.text
    np.testing.assert_allclose(limited.quaternion, path.quaternion, atol=1e-12)


def test_bad_input_is_named():
    path = turning(uniform_ns(5), np.zeros(5))
    exposure = smoothing.global_shutter(Camera(), SIZE, path)
    with pytest.raises(InputError, match="no smoother 'median'; choose one of gaussian"):
        smoothing.smooth("median", path)
    with pytest.raises(InputError, match="no smoother"):
        smoothing.smooth_within_frame("median", path, exposure, 0.1)
    for strength_s in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(InputError, match="strength"):
            smoothing.smooth("gaussian", path, strength_s)
    with pytest.raises(InputError, match="look-ahead"):
        smoothing.smooth("gaussian", path, look_ahead_s=-0.1)
    with pytest.raises(InputError, match="no pose"):
        smoothing.smooth("gaussian", CameraPath(path.time_ns[:0], path.quaternion[:0]))
    with pytest.raises(InputError, match=r"pose 3 .* not later"):
        time_ns = path.time_ns[[0, 1, 2, 2, 4]]
        smoothing.smooth("gaussian", CameraPath(time_ns, path.quaternion))
    with pytest.raises(InputError, match=r"pose 1 .* not finite"):
        broken = path.quaternion.copy()
        broken[1, 2] = np.nan
        smoothing.smooth("gaussian", CameraPath(path.time_ns, broken))
    for crop in (-0.1, 0.5, np.nan):
        with pytest.raises(InputError, match="crop"):
            smoothing.limit_to_cover([path, path], exposure, crop)
    with pytest.raises(InputError, match="lengths"):
        shorter = CameraPath(path.time_ns[:4], path.quaternion[:4])
        smoothing.limit_to_cover([path, shorter], exposure, 0.1)

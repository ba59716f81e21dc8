"""The metrics: the official program's numbers, known warps, known paths, and unusable input."""

import dataclasses
import io
import json
import logging
import math
import weakref
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import rich.console

from dvs_jax import camera as cameras
from dvs_jax import metrics, quaternion
from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath
from dvs_jax.errors import InputError
from dvs_jax.metrics import Metrics, MetricsTable

pytestmark = pytest.mark.filterwarnings("error")

SIZE = (640, 480)


def _times(frames: int, rate: float = 30.0) -> np.ndarray:
    return np.rint(np.arange(frames) * 1e9 / rate).astype(np.int64) + 86_400_000_000_000


def _texture(size: tuple[int, int] = SIZE) -> np.ndarray:
    noise = np.random.default_rng(3).integers(0, 256, (15, 20, 3), np.uint8)
    return cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC)


def _scaled(x: float, y: float) -> np.ndarray:
    """Shrink about the middle of the corners' 640 × 480."""
    return np.array([[x, 0.0, 320.0 * (1 - x)], [0.0, y, 240.0 * (1 - y)], [0.0, 0.0, 1.0]])


def _warped(matrix: np.ndarray) -> np.ndarray:
    return cv2.warpPerspective(_texture(), matrix, SIZE)


def _measure(inputs, outputs, frames: int = 60, rate: float = 30.0, **others) -> MetricsTable:
    time_ns = _times(frames, rate)
    return metrics.measure(inputs, outputs, time_ns=time_ns, camera=Camera(), **others)


def _through_png(image: np.ndarray) -> np.ndarray:
    """Store a BGR image and read it as grey, as the official program does, then as three channels.

    OpenCV's PNG reader rounds grey differently from cvtColor, and stability hangs on that.
    """
    stored = cv2.imencode(".png", image)[1]
    return cv2.cvtColor(cv2.imdecode(stored, cv2.IMREAD_GRAYSCALE), cv2.COLOR_GRAY2RGB)


@pytest.fixture(scope="module")
def official(golden: Path, recordings: Path) -> tuple[dict[str, float], MetricsTable]:
    homographies = np.load(golden / "metrics" / "homographies.npy")
    folder = recordings / "phone_drive" / "frames"
    frames = [cv2.resize(cv2.imread(str(folder / f"{i}.jpg")), SIZE) for i in range(101, 151)]
    outputs = [
        cv2.warpPerspective(frame, matrix, SIZE)
        for frame, matrix in zip(frames, homographies, strict=True)
    ]
    table = _measure(map(_through_png, frames), map(_through_png, outputs))
    return json.loads((golden / "metrics" / "metrics.json").read_text()), table


@pytest.mark.slow
@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("distortion_avg", "distortion_average"),
        ("distortion_min", "distortion_min"),
        ("fov_avg", "fov_ratio_average"),
        ("fov_min", "fov_ratio_min"),
        ("stability_translation", "stability_translation"),
        ("stability_rotation", "stability_rotation"),
        ("correlation_avg", "correlation_average"),
        ("correlation_min", "correlation_min"),
    ],
)
def test_official_numbers(official, theirs, ours):
    recorded, table = official
    assert getattr(table.output, ours) == pytest.approx(recorded[theirs], rel=0.01)


@pytest.mark.slow
def test_every_frame_of_the_official_clip_matches(official):
    recorded, table = official
    for row in (table.input, table.output):
        assert row.frames == recorded["frames"]
        assert row.unmatched_frames == row.unmatched_motions == 0


@pytest.mark.slow
def test_the_input_row_has_nothing_distorted_and_nothing_lost(official):
    row = official[1].input
    assert row.distortion_min == row.fov_ratio_min == 1.0
    assert row.correlation_min == pytest.approx(1.0, abs=1e-12)
    assert 0.5 < row.stability_mean < 1.0


def test_matches_are_those_of_a_brute_force_matcher():
    random = np.random.default_rng(0)
    query = random.integers(0, 256, (1100, 128)).astype(np.float32)
    train = np.concatenate([query[::3] + random.integers(-8, 8, (367, 128)), query[:50, ::-1]])
    train = np.clip(train, 0, 255).astype(np.float32)
    nearest, distinct = metrics._nearest_descriptors(query, train)
    pairs = cv2.BFMatcher().knnMatch(query, train, k=2)
    assert [first.trainIdx for first, _ in pairs] == nearest.tolist()
    assert [a.distance < 0.7 * b.distance for a, b in pairs] == distinct.tolist()
    assert 0 < distinct.sum() < len(query)


def test_known_warps():
    narrow, small = _warped(_scaled(1.0, 0.9)), _warped(_scaled(0.8, 0.8))
    row = _measure([_texture()] * 12, [small] * 5 + [narrow] * 7).output
    assert row.distortion_min == pytest.approx(0.9, abs=2e-3)
    assert row.distortion_average == pytest.approx((5 + 7 * 0.9) / 12, abs=2e-3)
    # A gap counts at one border; the five smallest ratios, 0.9 of each axis, are left out.
    assert row.fov_ratio_min == pytest.approx(0.95, abs=2e-3)
    assert row.fov_ratio_average == pytest.approx((1.0 + 0.95) / 2, abs=2e-3)
    assert row.correlation_min > 0.98


def test_correlation_falls_where_the_output_shows_something_else():
    changed = _texture()
    changed[96:144, 128:192] = 255 - changed[96:144, 128:192]
    row = _measure([_texture()] * 12, [_texture()] * 11 + [changed]).output
    assert row.correlation_min == pytest.approx(-1.0, abs=0.02)
    # The mean over 2 frames × 36 tiles × 4 entries of a correlation matrix, as officially.
    assert row.correlation_average == pytest.approx(1 - 2 * 2 / (2 * 36 * 4), abs=1e-3)


def _rolled(degrees: np.ndarray) -> list[np.ndarray]:
    turns = [cv2.getRotationMatrix2D((319.5, 239.5), angle, 1.0) for angle in degrees]
    image = _texture()
    return [cv2.warpAffine(image, turn, SIZE, borderMode=cv2.BORDER_REFLECT) for turn in turns]


def test_shaking_and_swaying_frames():
    time_s = np.arange(24) / 15.0
    shaking = 0.5 * np.sin(2 * np.pi * 5.0 * time_s)
    swaying = 2.0 * np.sin(2 * np.pi * 0.7 * time_s)
    table = _measure(iter(_rolled(shaking)), iter(_rolled(swaying)), rate=15.0)
    assert table.input.stability_rotation_corrected < 0.2
    assert table.output.stability_rotation_corrected > 0.9
    assert table.input.rotation_jitter_deg == pytest.approx(0.5 / math.sqrt(2), rel=0.05)
    assert table.output.rotation_jitter_deg < 0.1
    assert table.output.stability_mean == pytest.approx(
        (table.output.stability_translation + table.output.stability_rotation) / 2
    )


def test_a_black_frame_counts_as_unmatched_and_moves_nothing():
    whole = _rolled(0.5 * np.arange(16))
    interrupted = [frame * np.uint8(index != 9) for index, frame in enumerate(whole)]
    table = _measure(whole, interrupted, rate=12.0)
    assert table.output.unmatched_frames == 1
    assert table.output.unmatched_motions == 2
    for name in ("stability_translation", "stability_rotation_corrected", "rotation_jitter_deg"):
        whole_value = getattr(table.input, name)
        assert getattr(table.output, name) == pytest.approx(whole_value, abs=0.02)


def test_frames_without_texture_leave_everything_undefined():
    flat = np.full((48, 64, 3), 128, np.uint8)
    row = _measure([flat] * 20, [flat + 1] * 20).output
    assert (row.frames, row.unmatched_frames, row.unmatched_motions) == (20, 20, 19)
    rest = {k: v for k, v in dataclasses.asdict(row).items() if isinstance(v, float)}
    assert all(math.isnan(value) for value in rest.values())
    assert len(rest) == 12


@pytest.mark.parametrize("frames", [1, 2, 5, 10])
def test_few_frames(frames):
    row = _measure([_texture()] * frames, [_warped(_scaled(0.9, 0.9))] * frames).output
    assert row.frames == frames
    assert row.distortion_average == pytest.approx(1.0, abs=2e-3)
    assert math.isnan(row.fov_ratio_min) == (frames <= 5)
    assert math.isnan(row.angular_jerk_deg_s3) == (frames < 4)
    for name in ("stability_mean", "correlation_average", "rotation_jitter_deg"):
        assert math.isnan(getattr(row, name))


def test_a_video_without_any_motion_has_no_stability():
    frames = [_texture()] * 15
    row = _measure(frames, frames, rate=12.0).output
    assert math.isnan(row.stability_translation)
    assert row.rotation_jitter_deg == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("longer", ["input", "output"])
def test_the_rest_of_the_longer_video_is_left_out(caplog, longer):
    counts = (5, 3) if longer == "input" else (3, 5)
    with caplog.at_level(logging.WARNING, logger="dvs_jax"):
        table = _measure(*(iter([_texture()] * count) for count in counts))
    assert table.input.frames == table.output.frames == 3
    assert f"the rest of the {longer}" in caplog.text


def test_sizes_may_differ():
    row = _measure([_texture((1280, 720))] * 6, [_texture((320, 240))] * 6).output
    assert row.unmatched_frames == 0
    assert row.distortion_min > 0.98
    assert row.fov_ratio_min > 0.99


def test_one_stream_can_be_both_and_is_looked_at_once(monkeypatch):
    seen = []
    view = metrics._view
    monkeypatch.setattr(metrics, "_view", lambda *frame: seen.append(frame) or view(*frame))
    frames = iter([_texture()] * 4)
    table = _measure(frames, frames)
    assert table.input.frames == len(seen) == 4
    assert repr(table.input) == repr(table.output)


def test_no_frame_is_kept():
    alive: list[weakref.ref] = []
    most = 0

    def stream() -> Iterator[np.ndarray]:
        nonlocal most
        for _ in range(12):
            frame = np.zeros((48, 64, 3), np.uint8)
            alive.append(weakref.ref(frame))
            most = max(most, sum(reference() is not None for reference in alive))
            yield frame

    _measure(stream(), stream())
    assert len(alive) == 24
    assert most <= 6


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (np.zeros((48, 64), np.uint8), r"uint8 \[48, 64\]"),
        (np.zeros((48, 64, 4), np.uint8), r"uint8 \[48, 64, 4\]"),
        (np.zeros((48, 64, 3), np.float32), "float32"),
        (np.zeros((0, 64, 3), np.uint8), r"\[0, 64, 3\]"),
    ],
)
def test_a_frame_that_is_no_image_is_named(frame, reason):
    with pytest.raises(InputError, match=f"frame 1 of the output is .*{reason}"):
        _measure([_texture()] * 2, [_texture(), frame])


def test_unusable_videos_and_times():
    with pytest.raises(InputError, match="no frame"):
        _measure([], [_texture()])
    with pytest.raises(InputError, match="3 frames were measured, but only 2 timed"):
        _measure([_texture()] * 3, [_texture()] * 3, frames=2)


def test_gyro_paths_replace_the_image():
    still = _about_axis(np.zeros(60), 0)
    shaky = _about_axis(np.sin(2 * np.pi * 5.0 * np.arange(60) / 30.0), 1)
    table = _measure([_texture()] * 2, [_texture()] * 2, paths=(shaky, still))
    assert table.input.rotation_jitter_deg == pytest.approx(math.sqrt(0.5), rel=1e-3)
    assert table.output.rotation_jitter_deg == table.output.angular_jerk_deg_s3 == 0.0


def _about_axis(degrees: np.ndarray, axis: int, time_ns: np.ndarray | None = None) -> CameraPath:
    vector = np.zeros((len(degrees), 3))
    vector[:, axis] = np.radians(degrees)
    time_ns = _times(len(degrees)) if time_ns is None else time_ns
    return CameraPath(time_ns, quaternion.from_rotation_vector(vector))


def _uneven_times(frames: int) -> np.ndarray:
    random = np.random.default_rng(5)
    jitter = np.rint(random.uniform(-4e6, 4e6, frames)).astype(np.int64)
    # One frame in twenty is dropped, as phones do.
    return np.delete(_times(frames) + jitter, np.arange(7, frames, 20))


def _seconds(time_ns: np.ndarray) -> np.ndarray:
    return (time_ns - time_ns[0]) * 1e-9


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("seconds", [2, 6.5, 20])
def test_jitter_of_a_fast_sinusoid_is_its_rms(axis, seconds):
    time_s = np.arange(int(seconds * 30)) / 30.0
    path = _about_axis(2.0 * np.sin(2 * np.pi * 5.0 * time_s + 0.4), axis)
    assert metrics.rotation_jitter(path) == pytest.approx(2.0 / math.sqrt(2), rel=2e-3)


def test_jitter_ignores_slow_motion_and_pans():
    time_s = np.arange(600) / 30.0
    slow = 10.0 * np.sin(2 * np.pi * 0.5 * time_s + 0.4)
    pan = 30.0 * time_s
    assert metrics.rotation_jitter(_about_axis(slow, 1)) < 0.02
    assert metrics.rotation_jitter(_about_axis(pan, 1)) < 1e-6
    assert metrics.angular_jerk(_about_axis(pan, 1)) < 0.01
    both = _about_axis(slow + pan + np.sin(2 * np.pi * 5.0 * time_s), 1)
    assert metrics.rotation_jitter(both) == pytest.approx(math.sqrt(0.5), rel=2e-3)


def test_jitter_adds_up_over_axes_and_ignores_signs_and_the_world():
    time_s = np.arange(300) / 30.0
    vector = np.zeros((300, 3))
    vector[:, 0] = np.radians(0.3) * np.sin(2 * np.pi * 5.0 * time_s)
    vector[:, 2] = np.radians(0.4) * np.sin(2 * np.pi * 4.0 * time_s)
    pose = quaternion.from_rotation_vector(vector)
    world = quaternion.from_rotation_vector(np.array([2.0, -1.0, 0.5]))
    moved = quaternion.multiply(pose, np.broadcast_to(world, pose.shape))
    moved[::3] *= -1.0
    for measure in (metrics.rotation_jitter, metrics.angular_jerk):
        here = measure(CameraPath(_times(300), pose))
        assert measure(CameraPath(_times(300), moved)) == pytest.approx(here, rel=1e-9)
    assert metrics.rotation_jitter(CameraPath(_times(300), pose)) == pytest.approx(
        0.5 / math.sqrt(2), rel=5e-3
    )


def test_uneven_frame_times():
    time_ns = _uneven_times(600)
    time_s = _seconds(time_ns)
    fast = _about_axis(np.sin(2 * np.pi * 5.0 * time_s), 0, time_ns)
    slow = _about_axis(10.0 * np.sin(2 * np.pi * 0.5 * time_s), 0, time_ns)
    assert metrics.rotation_jitter(fast) == pytest.approx(math.sqrt(0.5), rel=0.03)
    assert metrics.rotation_jitter(slow) < 0.02
    assert metrics.angular_jerk(slow) == pytest.approx(10.0 * np.pi**3 / math.sqrt(2), rel=0.05)


@pytest.mark.parametrize("hertz", [0.5, 1.0, 5.0, 10.0])
def test_jerk_of_a_sinusoid(hertz):
    time_s = np.arange(3 + 600) / 30.0
    omega = 2 * np.pi * hertz
    half_step = omega / 60.0
    path = _about_axis(2.0 * np.sin(omega * time_s), 2)
    measured = metrics.angular_jerk(path)
    derivative = 2.0 * omega**3 / math.sqrt(2)
    assert measured == pytest.approx(derivative * (np.sin(half_step) / half_step) ** 3, rel=2e-3)
    if hertz <= 1.0:
        assert measured == pytest.approx(derivative, rel=0.01)


def test_paths_that_cannot_be_measured():
    good = _about_axis(np.zeros(60), 0)
    backwards = dataclasses.replace(good, time_ns=good.time_ns[::-1])
    repeated = dataclasses.replace(good, time_ns=np.repeat(good.time_ns[::2], 2))
    broken = dataclasses.replace(good, quaternion=np.full((60, 4), np.nan))
    for path in (backwards, repeated, broken):
        for measure in (metrics.rotation_jitter, metrics.angular_jerk):
            with pytest.raises(InputError, match="increasing times"):
                measure(path)
    slow = _about_axis(np.zeros(60), 0, _times(60, rate=3.0))
    assert math.isnan(metrics.rotation_jitter(slow))
    for count in (0, 1):
        short = CameraPath(good.time_ns[:count], good.quaternion[:count])
        assert math.isnan(metrics.rotation_jitter(short))
        assert math.isnan(metrics.angular_jerk(short))


def test_image_path_recovers_the_rotation_behind_the_homographies():
    size = (1280, 720)
    camera = Camera(focal_length=(0.9, 0.9))
    wobble = np.random.default_rng(1).normal(0.0, 0.02, (8, 3))
    pose = quaternion.from_rotation_vector(np.cumsum(wobble, axis=0) - wobble[:1])
    still = np.zeros((7, 2))
    full = cameras.homography(camera, size, pose[:-1], pose[1:], still, still)
    # From 640 × 480 to 1280 × 720 and back, between pixel centres.
    enlarge = np.array([[2.0, 0.0, 0.5], [0.0, 1.5, 0.25], [0.0, 0.0, 1.0]])
    motions = np.linalg.inv(enlarge) @ full @ enlarge
    path = metrics.image_path(3.0 * motions, size, _times(8), camera)
    expected = quaternion.multiply(pose, np.broadcast_to(quaternion.conjugate(pose[0]), (8, 4)))
    np.testing.assert_allclose(quaternion.angle_between(path.quaternion, expected), 0.0, atol=1e-9)
    np.testing.assert_array_equal(path.time_ns, _times(8))


def test_the_table_shows_both_rows_and_a_dash_for_the_undefined():
    values = {entry.name: 0.25 for entry in dataclasses.fields(Metrics)}
    row = Metrics(**{**values, "frames": 40})
    undefined = dataclasses.replace(row, rotation_jitter_deg=math.nan)
    console = rich.console.Console(file=io.StringIO(), width=120)
    console.print(metrics.render(MetricsTable(row, undefined)))
    text = console.file.getvalue()
    jitter = next(line for line in text.splitlines() if "jitter" in line)
    assert [cell.strip() for cell in jitter.strip("│").split("│")] == [
        "Rotation jitter above 2 Hz",
        "deg RMS",
        "lower",
        "0.250",
        "–",
    ]
    assert len(text.splitlines()) == 4 + len(values)


def test_several_videos_measured_at_once_have_the_rows_they_have_alone():
    inputs = [_warped(_scaled(1.0 - 0.01 * (index % 3), 1.0)) for index in range(6)]
    outputs = [_warped(_scaled(0.9, 1.0 - 0.01 * (index % 2))) for index in range(6)]
    longer = dataclasses.replace(Camera(), focal_length=(0.9, 0.9))
    frames = zip(inputs, zip(outputs, inputs, strict=True), strict=True)
    before, after = metrics.measure_each(frames, _times(6), Camera(), longer)
    alone = metrics.measure(inputs, outputs, time_ns=_times(6), camera=longer)
    assert repr(after[0]) == repr(alone.output)
    again = metrics.measure(inputs, inputs, time_ns=_times(6), camera=longer)
    assert repr(after[1]) == repr(again.output)
    # The same pictures, seen through another lens, turn by another angle.
    assert before.angular_jerk_deg_s3 != after[1].angular_jerk_deg_s3
    assert before.distortion_average == 1.0
    with pytest.raises(InputError, match="there is no frame to measure"):
        metrics.measure_each([], _times(6), Camera(), longer)

"""The official program's numbers, and known warps."""

import dataclasses
import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from dvs_jax.metrics import MetricsTable, features
from dvs_jax.metrics import official as official_measures
from dvs_jax.stages import one_opencv_thread
from tests.metrics.videos import SIZE, measure, scaled, texture, warped

pytestmark = pytest.mark.filterwarnings("error")


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
    with features.without_ipp():  # which would round otherwise than what was recorded
        outputs = [
            cv2.warpPerspective(frame, matrix, SIZE)
            for frame, matrix in zip(frames, homographies, strict=True)
        ]
    table = measure(map(_through_png, frames), map(_through_png, outputs))
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


def test_known_warps():
    narrow, small = warped(scaled(1.0, 0.9)), warped(scaled(0.8, 0.8))
    row = measure([texture()] * 12, [small] * 5 + [narrow] * 7).output
    assert row.distortion_min == pytest.approx(0.9, abs=2e-3)
    assert row.distortion_average == pytest.approx((5 + 7 * 0.9) / 12, abs=2e-3)
    # A gap counts at one border; the five smallest ratios, 0.9 of each axis, are left out.
    assert row.fov_ratio_min == pytest.approx(0.95, abs=2e-3)
    assert row.fov_ratio_average == pytest.approx((1.0 + 0.95) / 2, abs=2e-3)
    assert row.correlation_min > 0.98


@pytest.mark.slow
def test_correlation_falls_where_the_output_shows_something_else():
    changed = texture()
    changed[96:144, 128:192] = 255 - changed[96:144, 128:192]
    row = measure([texture()] * 12, [texture()] * 11 + [changed]).output
    assert row.correlation_min == pytest.approx(-1.0, abs=0.02)
    # The mean over 2 frames × 36 tiles × 4 entries of a correlation matrix, as officially.
    assert row.correlation_average == pytest.approx(1 - 2 * 2 / (2 * 36 * 4), abs=1e-3)


@pytest.mark.slow
def test_frames_without_texture_leave_everything_undefined():
    flat = np.full((48, 64, 3), 128, np.uint8)
    row = measure([flat] * 20, [flat + 1] * 20).output
    assert (row.frames, row.unmatched_frames, row.unmatched_motions) == (20, 20, 19)
    assert (row.sharpness, row.flow_difference_px) == (0.0, 0.0)
    told = ("sharpness", "flow_difference_px")
    rest = {
        name: value
        for name, value in dataclasses.asdict(row).items()
        if isinstance(value, float) and name not in told
    }
    assert all(math.isnan(value) for value in rest.values())
    assert len(rest) == 18


@pytest.mark.parametrize("frames", [1, 2, 5, 10])
def test_few_frames(frames):
    row = measure([texture()] * frames, [warped(scaled(0.9, 0.9))] * frames).output
    assert row.frames == frames
    assert row.distortion_average == pytest.approx(1.0, abs=2e-3)
    assert math.isnan(row.fov_ratio_min) == (frames <= 5)
    assert math.isnan(row.angular_jerk_deg_s3) == (frames < 4)
    for name in ("stability_mean", "correlation_average", "rotation_jitter_deg"):
        assert math.isnan(getattr(row, name))


def test_a_video_without_any_motion_has_no_stability():
    frames = [texture()] * 15
    row = measure(frames, frames, rate=12.0).output
    assert math.isnan(row.stability_translation)
    assert row.rotation_jitter_deg == pytest.approx(0.0, abs=1e-6)


def test_numbers_do_not_hang_on_a_library_that_rounds_by_processor():
    noise = np.random.default_rng(3).integers(0, 256, (480, 640), np.uint8)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.0)
    picture = features.Picture(SIZE, smooth, smooth, SIZE)
    warp = np.eye(3)
    warp[:2] = cv2.getRotationMatrix2D((320, 240), 1.3, 1.02)
    found = []
    for uses_ipp in (False, True):
        cv2.ipp.setUseIPP(uses_ipp)
        with one_opencv_thread():
            view = features.look_at(picture, None)
            shares = official_measures.tile_correlations(picture.grey, picture.grey[::-1], warp)
        found.append((view.points, view.descriptors, shares))
        assert cv2.ipp.useIPP() in (uses_ipp, False)  # never on in a build without it
    for plain, with_ipp in zip(*found, strict=True):
        np.testing.assert_array_equal(plain, with_ipp)

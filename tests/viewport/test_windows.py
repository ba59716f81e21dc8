"""Windows, and splits before them."""

import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.viewport import baselines, score, sphere, splits, windows
from dvs_jax.viewport.tracks import Track


def track(viewer="ann", video="sea", length=60, first=3, invalid=()):
    direction = np.zeros((length, 3), np.float32)
    direction[:, 0] = np.arange(first, first + length)  # tells which sample it is
    return Track(viewer, video, first, direction, ~np.isin(np.arange(length), invalid))


def test_windows_hold_what_came_before_and_after():
    found = windows.cut([track()], stride=5)
    np.testing.assert_array_equal(found.last, [17, 22, 27, 32, 37])
    np.testing.assert_array_equal(found.past[1, :, 0], np.arange(8, 23))
    np.testing.assert_array_equal(found.future[1, :, 0], np.arange(23, 48))
    np.testing.assert_array_equal(windows.steps(found)[1], np.arange(8, 48))
    assert found.left_out == 0


def test_windows_with_invalid_samples_are_left_out_and_counted():
    found = windows.cut([track(invalid=(2,)), track("bob")], stride=1)
    assert (len(found.last), found.left_out) == (21 - 3 + 21, 3)
    assert list(found.viewer) == ["ann"] * 18 + ["bob"] * 21


def test_without_windows_it_is_refused():
    with pytest.raises(InputError, match=r"no window of 15 \+ 25 valid samples is left"):
        windows.cut([track(length=39)], stride=1)


@pytest.fixture
def audience():
    return [track(f"viewer {i}", f"video {j}") for i in range(12) for j in range(9)]


@pytest.mark.parametrize("kind", splits.KINDS)
def test_parts_share_nothing(audience, kind):
    parts = splits.split(audience, kind, (4, 1, 1), seed=0)
    for part, other in ((0, 1), (0, 2), (1, 2)):
        shared = [
            {getattr(each, name) for each in parts[part]}
            & {getattr(each, name) for each in parts[other]}
            for name in ("viewer", "video")
        ]
        assert not shared[0] or kind == "videos"
        assert not shared[1] or kind == "viewers"
    sizes = [len(part) for part in parts]
    expected = {"both": [8 * 6, 2 * 2, 2 * 1], "viewers": [72, 18, 18], "videos": [72, 24, 12]}[
        kind
    ]
    assert sizes == expected


def test_too_few_for_the_parts_are_refused():
    with pytest.raises(InputError, match="1 viewers cannot be split into 2 parts"):
        splits.split([track()], "viewers", (1, 1), seed=0)
    with pytest.raises(InputError, match="'hours' is none of both, viewers, videos"):
        splits.split([track()], "hours", (1, 1), seed=0)


@pytest.mark.parametrize(
    ("name", "predict"),
    [
        ("no_motion", baselines.no_motion),
        ("constant_velocity", baselines.constant),
        ("damped_tau3", baselines.damped),
    ],
)
def test_on_real_viewers_baselines_are_as_far_off_as_recorded(golden, name, predict):
    data = np.load(golden / "viewport/david18.npz")
    theta = data["angles"][..., 0] * (2 * np.pi / 65536)
    phi = data["angles"][..., 1] * (np.pi / 65535)
    direction = sphere.from_angles(theta, phi)
    chosen = [
        Track(str(user), str(video), 0, direction[video, user], np.ones(100, bool))
        for video in data["test_videos"]
        for user in data["test_users"]
    ]
    found = windows.cut(chosen, stride=1, between=(30, 74))
    assert len(found.last) == 6525
    scores = score.score(predict(found.past, 25), found.future)
    np.testing.assert_allclose(scores.error_deg.mean(axis=0), data[f"{name}_error_deg"], atol=1e-9)
    np.testing.assert_allclose(scores.overlap.mean(axis=0), data[f"{name}_iou"], atol=1e-9)

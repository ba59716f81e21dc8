"""The chart of a path before and after."""

import re

import numpy as np
import pytest

import dvs_jax
from dvs_jax import metrics, notebook, synthetic
from dvs_jax.errors import InputError
from tests.notebook.browser import chromium

TIME_S = np.arange(5) / 10.0


def points(page, name: str) -> list[list[tuple[float, float]]]:
    lines = re.findall(f'class="{name}" points="([^"]*)"', page.content)
    return [[tuple(map(float, each.split(","))) for each in line.split()] for line in lines]


def test_both_curves_share_a_scale_and_unknown_points_are_left_out():
    before = np.array([0.0, 4.0, np.nan, 2.0, 1.0])[:, None]
    page = notebook.chart(TIME_S, before, np.full((5, 1), 1.0), ["yaw (deg)"])
    assert points(page, "before") == [[(0.0, 150.0), (225.0, 0.0), (675.0, 75.0), (900.0, 112.5)]]
    assert {y for _, y in points(page, "after")[0]} == {112.5}
    assert "yaw (deg) <span>0.0 to 4.0</span>" in page.content
    assert "<span>0.4 s</span>" in page.content


def test_a_path_that_stands_still_and_a_long_one_are_drawn():
    still = np.zeros((5, 1))
    assert points(notebook.chart(TIME_S, still, still, ["x"]), "after")[0][0] == (0.0, 75.0)
    time_s = np.arange(10_000) / 30.0
    long = np.sin(time_s)[:, None]
    assert len(points(notebook.chart(time_s, long, long, ["x"]), "before")[0]) == 834


def test_one_frame_is_no_path():
    with pytest.raises(InputError, match="two frames"):
        notebook.chart(TIME_S[:1], np.zeros((1, 1)), np.zeros((1, 1)), ["x"])


def test_each_curve_can_be_switched_off():
    page = notebook.chart(TIME_S, np.zeros((5, 1)), np.ones((5, 1)), ["x"])
    with chromium() as browser:
        tab = browser.new_page()
        tab.set_content(page.content)
        tab.uncheck("#show-before")
        assert tab.locator(".before").evaluate("line => getComputedStyle(line).display") == "none"
        assert tab.locator(".after").evaluate("line => getComputedStyle(line).display") == "inline"


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("walk")
    made = synthetic.SyntheticClip(motion="walking", duration_s=1.0, size=(320, 180))
    synthetic.synthesize(made, folder / "clip")
    clip = dvs_jax.load_clip(folder / "clip")
    return clip, dvs_jax.stabilize(clip, folder / "out", smoother="gaussian", refine="none")


def test_with_a_gyro_it_is_the_cameras_rotation(walk):
    clip, report = walk
    page = notebook.paths(clip, report)
    assert len(points(page, "before")) == 3
    assert "pitch (deg)" in page.content
    shaky, steady = (np.array(points(page, name))[..., 1] for name in ("before", "after"))
    bends = [np.abs(np.diff(each, 2, axis=1)).mean() for each in (shaky, steady)]
    assert bends[1] < 0.2 * bends[0]


@pytest.mark.slow
def test_without_a_gyro_it_is_what_the_pictures_show(walk):
    clip, report = walk
    alone = dvs_jax.load_clip(clip.video.path, read_sensors=False)
    assert "x (px of 640)" in notebook.paths(alone, report).content


def test_the_path_that_pictures_show_is_the_cameras():
    texture = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    scene = np.kron(texture, np.ones((8, 8, 1), np.uint8))
    shifts = [0, 6, 12, 8]
    frames = [np.roll(scene, -shift, axis=1) for shift in shifts]
    path = metrics.seen_path(frames)
    assert path.shape == (4, 3)
    np.testing.assert_allclose(path[:, 0], shifts, atol=0.1)
    np.testing.assert_allclose(path[:, 1:], 0.0, atol=0.1)

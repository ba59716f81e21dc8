"""Stored pictures turned to be upright, and points with them."""

import numpy as np
import pytest

from dvs_jax.subject.drawing import Canvas
from dvs_jax.subject.orientation import Orientation
from dvs_jax.video import ToYuv
from dvs_jax.video.color import Color
from dvs_jax.video.picture import planes


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("quarters", range(4))
def test_points_go_where_their_pixels_go(quarters, mirrored):
    how = Orientation(quarters, mirrored)
    stored = np.random.default_rng(0).integers(0, 255, (5, 7, 3), dtype=np.uint8)
    upright, matrix = how.upright(stored), how.matrix((7, 5))
    assert upright.shape[1::-1] == how.size((7, 5))
    for row, column in np.ndindex(5, 7):
        x, y, _ = np.rint(matrix @ [column, row, 1]).astype(int)
        assert (upright[y, x] == stored[row, column]).all()


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("quarters", range(4))
def test_a_moved_picture_is_moved_as_it_is_shown(quarters, mirrored):
    how = Orientation(quarters, mirrored)
    size = (64, 48)
    image = np.zeros((48, 64, 3), np.uint8)
    image[16:32, 20:36] = 255
    picture = ToYuv(Color())(image)
    shift = np.array([[1.0, 0.0, 6.0], [0.0, 1.0, -4.0]])
    drawn = Canvas(how, size, size, "colour").draw(picture, shift)
    before, after = (
        np.argwhere(how.upright(np.repeat(planes(each)[0][..., None], 3, 2))[..., 0] > 128)
        for each in (picture, drawn)
    )
    assert after.mean(axis=0) - before.mean(axis=0) == pytest.approx([-4.0, 6.0], abs=0.1)


def test_what_lies_beyond_is_mirrored_repeated_or_of_a_colour():
    image = np.repeat(np.arange(0, 256, 4, dtype=np.uint8)[None, :, None], 48, 0).repeat(3, 2)
    picture = ToYuv(Color())(image)
    shift = np.array([[1.0, 0.0, 16.0], [0.0, 1.0, 0.0]])
    luma, how = planes(picture)[0], Orientation(0, False)
    rows = {
        fill: planes(Canvas(how, (64, 48), (64, 48), fill, (90, 60, 70)).draw(picture, shift))
        for fill in ("reflect", "replicate", "colour")
    }
    assert np.abs(rows["reflect"][0][20, :16].astype(int) - luma[20, 16:0:-1]).max() <= 1
    assert np.abs(rows["replicate"][0][20, :16].astype(int) - luma[20, 0]).max() <= 1
    assert (rows["colour"][0][20, :15] == 90).all() and (rows["colour"][1][10, :7] == 60).all()
    assert (rows["colour"][2][10, :7] == 70).all()

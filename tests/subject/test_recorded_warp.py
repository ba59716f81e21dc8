"""Drawing against OpenCV's bilinear warp of the same picture, away from sharp edges."""

import cv2
import numpy as np
import pytest

from dvs_jax.subject.drawing import Canvas
from dvs_jax.subject.orientation import Orientation
from dvs_jax.video.picture import blank, planes


@pytest.mark.parametrize(("fill", "name"), [("reflect", "reflect"), ("colour", "black")])
def test_recorded_pictures(golden, fill, name):
    recorded = np.load(golden / "subject/transform.npz")
    height, width, _ = recorded["picture"].shape
    canvas = Canvas(Orientation(0, False), (width, height), (width, height), fill, (0, 128, 128))
    for channel in range(3):
        picture = blank((width, height))
        luma, *differences = planes(picture)
        luma[...] = recorded["picture"][..., channel]
        for plane in differences:
            plane[...] = 128
        drawn = planes(canvas.draw(picture, recorded["matrix"]))[0].astype(int)
        expected = recorded[f"warped_{name}"][..., channel].astype(int)
        apart = np.abs(drawn - expected)
        # Luma is sampled sharply, so it differs where the picture changes from pixel to pixel.
        rough = cv2.morphologyEx(expected.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((5, 5)))
        assert np.median(apart) <= 1
        assert apart[rough < 6].max() <= 2 and np.percentile(apart[rough < 12], 99) <= 2
        assert (rough < 6).mean() > 0.1

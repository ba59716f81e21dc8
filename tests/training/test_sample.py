"""Sample pictures: what is drawn where."""

import numpy as np

from dvs_jax.training import sample
from dvs_jax.warping import grid


def test_the_warped_frame_and_both_paths_are_drawn_beside_the_frame_as_filmed():
    filmed = np.zeros((36, 64, 3), np.uint8)
    filmed[:, 32:] = [255, 0, 0]
    source = grid.output_points(5, 5)
    path = np.stack([np.arange(9.0), np.zeros(9)], axis=-1)
    still, moved = (
        sample.drawn(filmed, source + np.array([shift, 0.0]), path, 0.5 * path)
        for shift in (0.0, -0.25)
    )
    assert still.shape == moved.shape == (480, 800, 3)
    assert still.dtype == np.uint8
    red, green, blue = np.moveaxis(moved.astype(int), -1, 0)
    assert ((red > 200) & (green > 200) & (blue < 80)).sum() > 200
    assert ((red < 80) & (green > 120) & (blue < 80)).sum() > 50
    assert ((red < 80) & (green < 120) & (blue > 150)).sum() > 50
    # Moved by a quarter, a quarter of the right picture is red instead of half.
    red = [((each[:240, 400:] == [255, 0, 0]).all(axis=-1)).sum() for each in (still, moved)]
    assert 0.4 < red[1] / red[0] < 0.6

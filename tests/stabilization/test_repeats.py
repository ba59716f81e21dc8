"""A picture that repeats the one before is drawn by the same grid."""

import numpy as np

from dvs_jax.methods import Frame
from dvs_jax.stabilization.framing import Shown
from dvs_jax.stabilization.repeats import with_grids
from dvs_jax.video.picture import blank, planes


def picture(level: int, corner: int = 0):
    made = blank((64, 48))
    for plane in planes(made):
        plane[:] = level
    planes(made)[2][-1, -1] = corner
    return made


def test_repeats_keep_the_grid_of_what_they_repeat():
    first, second = picture(20), picture(30)
    given = [first, first, second, picture(30), picture(30, corner=1), first]
    shown = [Shown(Frame(np.full((2, 2, 2), index / 10), None), 1.0) for index in range(6)]
    found = list(with_grids(zip(given, shown, strict=True)))
    assert [each[1] is mine for each, mine in zip(found, shown, strict=True)] == [True] * 6
    assert [round(each[2].frame.source[0, 0, 0] * 10) for each in found] == [0, 0, 2, 2, 4, 5]

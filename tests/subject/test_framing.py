"""The zoom at which moved frames cover the output, and where the person gives way to it."""

import numpy as np
import pytest

from dvs_jax.subject import framing, transform
from dvs_jax.subject.framing import Pull

SIZE = (101, 51)
TARGET = np.array([50.0, 25.0])
WHOLE = np.array([0.0, 0.0, 100.0, 50.0])


def pull(anchor, scale=1.0, roll=0.0):
    anchor = np.atleast_2d(np.array(anchor, float))
    return Pull(anchor, np.full(len(anchor), scale), np.full(len(anchor), roll))


def source(forward, shown=WHOLE):
    """Return where the corners of what is shown lie in the picture, [corner, 2]."""
    left, top, right, bottom = shown
    corners = np.array([[left, top, 1], [right, top, 1], [left, bottom, 1], [right, bottom, 1]])
    return corners @ transform.inverse(forward).T


def test_an_upright_frame_needs_what_the_formula_says():
    told = framing.needed_zoom(pull([[50, 25], [25, 25], [75, 40], [0, 3]]), TARGET, WHOLE, SIZE)
    assert told[:3] == pytest.approx([1.0, 2.0, 2.5]) and np.isinf(told[3])


@pytest.mark.parametrize("roll", [0.0, 0.2, -0.4])
@pytest.mark.parametrize("scale", [0.8, 1.0])
def test_a_frame_zoomed_as_needed_just_covers_what_is_shown(roll, scale):
    given = pull([40.0, 30.0], scale, roll)
    zoom = framing.needed_zoom(given, TARGET, WHOLE, SIZE)[0]
    forward = transform.forward(given.anchor[0], TARGET, scale * zoom, roll)
    corners = source(forward)
    room = np.minimum(corners, np.array([100.0, 50.0]) - corners)
    assert room.min() == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("roll", [0.0, 0.1])
def test_where_the_zoom_is_too_little_the_person_leaves_the_target(roll):
    given = pull([[10.0, 25.0], [50.0, 25.0]], 1.5, roll)
    place = framing.targets_within(given, TARGET, WHOLE, SIZE)
    assert place[1] == pytest.approx(TARGET) and place[0, 0] < 20.0
    forward = transform.forward(given.anchor, place, 1.5, roll)
    corners = source(forward[0])
    room = np.minimum(corners, np.array([100.0, 50.0]) - corners)
    assert room.min() == pytest.approx(0.0, abs=1e-9)


def test_a_varying_zoom_changes_slowly_and_always_covers():
    time_s = np.arange(300) / 30.0
    needed = np.where((time_s > 4.0) & (time_s < 4.5), 1.4, 1.05)
    varying = framing.zoom(needed, time_s, "varying", 1.5)
    assert (varying >= needed - 1e-9).all() and varying[0] < 1.1 and varying[-1] < 1.2
    assert np.abs(np.diff(varying)).max() < 0.03
    assert framing.zoom(needed, time_s, "smallest", 1.5) == pytest.approx(np.full(300, 1.4))
    assert framing.zoom(needed, time_s, "smallest", 1.3) == pytest.approx(np.full(300, 1.3))
    assert framing.zoom(needed, time_s, "fixed", 1.5) == pytest.approx(np.full(300, 1.5))


def test_a_window_lies_about_the_target_and_within_the_picture():
    assert framing.window(TARGET, (40, 20), SIZE) == pytest.approx([30, 16, 69, 35], abs=1)
    assert framing.window(np.array([3.0, 50.0]), (40, 20), SIZE) == pytest.approx([0, 31, 39, 50])


def test_half_of_a_frame_that_is_moved_by_half_is_invented():
    forward = transform.forward(np.array([[50.0, 25.0], [0.0, 25.0]]), TARGET)
    told = framing.invented(transform.inverse(forward), SIZE, SIZE)
    assert told[0] == 0.0 and told[1] == pytest.approx(0.5, abs=0.03)

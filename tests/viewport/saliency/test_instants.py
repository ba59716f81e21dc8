"""Which frames are taken, and that no more of them are kept."""

import numpy as np

from dvs_jax.viewport.saliency import instants


def frames(count, alive):
    """Frames whose brightness is their number; `alive` counts those that are still held."""
    for number in range(count):
        alive.append(number)
        yield np.full((8, 16, 3), number, np.uint8)


def test_the_nearest_frames_are_taken_and_the_ends_repeated():
    time_s = 7.0 + np.arange(31) / 30.0
    found = instants.numbers(time_s, 5)
    assert len(found) == 6
    np.testing.assert_array_equal(found[0], [0, 0, 0, 1, 2])
    np.testing.assert_array_equal(found[1], [4, 5, 6, 7, 8])
    np.testing.assert_array_equal(found[-1], [28, 29, 30, 30, 30])


def test_a_slow_video_shows_a_frame_at_several_instants():
    np.testing.assert_array_equal(instants.numbers(np.arange(3) * 0.5, 1)[:, 0], [0, 0, 1, 1, 2, 2])


def test_frames_are_read_only_as_they_are_needed():
    read = []
    each = instants.around(frames(31, read), np.arange(31) / 30.0, 3, (8, 4))
    first = next(each)
    assert read == [0, 1]
    np.testing.assert_array_equal(first[:, 0, 0, 0], [0, 0, 1])
    assert next(each).shape == (3, 4, 8, 3)
    assert read[-1] == 7


def test_one_frame_is_one_instant():
    (found,) = instants.around(frames(1, []), np.array([0.5]), 5, (8, 4))
    assert found.shape == (5, 4, 8, 3)

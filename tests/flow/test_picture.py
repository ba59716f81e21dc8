import numpy as np

from dvs_jax.flow.picture import picture


def _colour(dx: float, dy: float) -> list[int]:
    return picture(np.array([[[dx, dy]]], np.float32))[0, 0].tolist()


def test_directions_have_middleburys_colours():
    """Right is red, then clockwise in the picture: yellow, green-blue to the left, magenta."""
    assert _colour(1, 0)[0] == 255
    assert max(_colour(1, 0)[1:]) <= 20
    red, green, blue = _colour(0, 1)
    assert red > 200 > blue
    assert green > 200
    red, green, blue = _colour(-1, 1e-3)
    assert blue == 255 > green > red == 0
    red, green, blue = _colour(0, -1)
    assert blue > red > green == 0


def test_length_is_saturation_up_to_the_longest_and_dark_beyond():
    flow = np.array([[[0, 0], [1, 0], [2, 0], [4, 0], [np.nan, np.nan]]], np.float32)
    white, half, full, beyond, unknown = picture(flow, longest=2.0)[0].astype(int)
    assert white.tolist() == [255, 255, 255]
    assert np.abs(half - (white + full) / 2).max() <= 1
    assert np.abs(beyond - 0.75 * full).max() <= 1
    assert unknown.tolist() == [0, 0, 0]
    assert picture(flow)[0, 3].tolist() == full.tolist()


def test_a_still_pair_is_white():
    assert (picture(np.zeros((3, 4, 2), np.float32)) == 255).all()

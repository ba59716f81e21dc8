"""What is drawn around a person."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dvs_jax.errors import InputError
from dvs_jax.subject import background
from dvs_jax.video import VideoInfo
from dvs_jax.video.conversion import ToYuv
from dvs_jax.video.picture import blank, planes

SIZE = (64, 48)


def like(**changed):
    fields = {"path": Path("a.mp4"), "width": 64, "height": 48, "frame_rate": Fraction(30)}
    time_ns = np.arange(3, dtype=np.int64)
    return VideoInfo(time_ns=time_ns, has_audio=False, **({"rotation": 0} | fields | changed))


@pytest.fixture
def half():
    """A mask: the left half is the person's."""
    mask = np.zeros(SIZE[::-1], np.float32)
    mask[:, :32] = 1.0
    return mask


@pytest.fixture
def frame():
    image = np.full((48, 64, 3), (200, 60, 30), np.uint8)
    image[:, 32:] = (40, 160, 90)
    return ToYuv(like().color)(image)


def test_to_keep_it_is_no_background():
    assert background.parse("keep", like()) is None


@pytest.mark.parametrize(
    ("text", "rgb"), [("remove", (0, 0, 0)), ("#204060", (32, 64, 96)), ("teal", (0, 128, 128))]
)
def test_a_colour_is_behind_the_person(text, rgb, frame, half):
    before = [plane.copy() for plane in planes(frame)]
    drawn = background.replaced(frame, half, background.parse(text, like()))
    assert all((old == new).all() for old, new in zip(before, planes(frame), strict=True))
    behind = planes(ToYuv(like().color)(np.full((48, 64, 3), rgb, np.uint8)))
    for old, new, other in zip(before, planes(drawn), behind, strict=True):
        left, right = np.s_[:, : old.shape[1] // 2], np.s_[:, old.shape[1] // 2 :]
        assert (old[left] == new[left]).all() and (other[right] == new[right]).all()


def test_a_half_is_blended(frame):
    white = background.parse("white", like())
    mask = np.full(SIZE[::-1], 0.25, np.float32)
    drawn = background.replaced(frame, mask, white)
    expected = 0.25 * planes(frame)[0] + 0.75 * 235
    assert np.abs(planes(drawn)[0] - expected).max() <= 1


def test_ten_bits_stay_ten_bits(half):
    picture = blank(SIZE, 10)
    for plane, level in zip(planes(picture), (601, 500, 523), strict=True):
        plane[...] = level
    drawn = background.replaced(picture, half, background.parse("white", like(bit_depth=10)))
    assert drawn.format.name == "yuv420p10le"
    luma, blue, _ = planes(drawn)
    assert (luma[:, :32] == 601).all() and (luma[:, 32:] == 940).all()
    assert (blue[:, :16] == 500).all() and np.abs(blue[:, 16:].astype(int) - 512).max() <= 4


def test_a_blur_has_none_of_the_person(half):
    picture = ToYuv(like().color)(np.full((48, 64, 3), 128, np.uint8))
    luma = planes(picture)[0]
    luma[:, :32] = 235
    luma[::2, 32:], luma[1::2, 32:] = 60, 100
    drawn = planes(background.replaced(picture, half, background.blurred))[0]
    assert (drawn[:, :32] == 235).all()
    assert np.abs(drawn[:, 33:].astype(int) - 80).max() <= 3


@pytest.mark.parametrize(("rotation", "mirrored"), [(0, False), (90, False), (180, True)])
def test_a_picture_covers_the_frame_upright(tmp_path, rotation, mirrored):
    """Its left half is white; it is wider than the frame."""
    image = np.zeros((100, 400, 3), np.uint8)
    image[:, :200] = 255
    Image.fromarray(image).save(tmp_path / "wall.png")
    info = like(rotation=rotation, mirrored=mirrored)
    behind = background.parse(str(tmp_path / "wall.png"), info)
    empty = blank(SIZE)
    for plane in planes(empty):
        plane[...] = 128
    drawn = background.replaced(empty, np.zeros(SIZE[::-1], np.float32), behind)
    upright = np.rot90(planes(drawn)[0], rotation // 90)
    upright = upright[:, ::-1] if mirrored else upright
    middle = upright.shape[1] // 2
    assert (upright[:, : middle - 1] == 235).all() and (upright[:, middle + 1 :] == 16).all()


def test_what_is_no_background_is_told(tmp_path):
    with pytest.raises(InputError, match="'tela' is no background: give keep, remove, blur, a col"):
        background.parse("tela", like())
    (tmp_path / "wall.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    with pytest.raises(InputError, match=r"wall\.png: no picture that can be read"):
        background.parse(str(tmp_path / "wall.png"), like())
    with pytest.raises(InputError, match="is a folder"):
        background.parse(str(tmp_path), like())

from pathlib import Path

import cv2
import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.synthetic.paired import pieces


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for number, shape in enumerate([(150, 200), (90, 400), (300, 80)]):
        photograph = rng.integers(0, 256, (*shape, 3), np.uint8)
        cv2.imwrite(str(tmp_path / f"{number}.png"), cv2.GaussianBlur(photograph, (0, 0), 2))
    (tmp_path / "licences.csv").write_text("picture\n")
    return tmp_path


def test_each_photograph_gives_its_share(folder):
    cut = pieces(folder, np.random.default_rng(1), 7, 64)
    assert (cut.shape, cut.dtype) == ((7, 64, 64), np.uint8)
    assert all(piece.std() > 2.0 for piece in cut)
    assert len({piece.tobytes() for piece in cut}) == 7


def test_equal_generators_cut_equal_pieces(folder):
    first, again, other = (pieces(folder, np.random.default_rng(s), 4, 64) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_pieces_may_be_in_colour(tmp_path):
    photograph = np.zeros((80, 80, 3), np.uint8)
    photograph[...] = (10, 60, 200)
    cv2.imwrite(str(tmp_path / "red.png"), photograph)
    cut = pieces(tmp_path, np.random.default_rng(0), 2, 64, colour=True)
    assert cut.shape == (2, 3, 64, 64)
    assert cut[:, :, 0, 0].tolist() == [[200, 60, 10]] * 2


def test_pieces_are_rather_those_with_something_to_see(tmp_path):
    half_empty = np.full((256, 2048, 3), 128, np.uint8)
    half_empty[:, 1024:] = np.random.default_rng(0).integers(0, 256, (256, 1024, 3))
    cv2.imwrite(str(tmp_path / "half.png"), half_empty)
    cut = pieces(tmp_path, np.random.default_rng(0), 20, 64)
    assert np.mean([piece.std() > 3.0 for piece in cut]) >= 0.9


def test_fewer_pieces_than_photographs_are_possible(folder):
    assert pieces(folder, np.random.default_rng(1), 2, 64).shape == (2, 64, 64)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere: there is no such folder of photographs"):
        pieces(tmp_path / "nowhere", np.random.default_rng(), 1, 64)


def test_a_folder_without_pictures_says_what_counts(tmp_path):
    (tmp_path / "notes.txt").write_text("none")
    with pytest.raises(InputError, match=r"no picture in it; what counts is \.jpg"):
        pieces(tmp_path, np.random.default_rng(), 1, 64)


@pytest.mark.parametrize("content", [b"", b"not a picture"])
def test_a_damaged_picture_is_named(tmp_path, content):
    (tmp_path / "broken.jpg").write_bytes(content)
    with pytest.raises(InputError, match=r"broken\.jpg: not a picture of at least 64 × 64 pixels"):
        pieces(tmp_path, np.random.default_rng(), 1, 64)

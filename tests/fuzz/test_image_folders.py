"""Folders of pictures with bytes changed at random: read, or refused by one line that names one."""

import shutil
from pathlib import Path

import cv2
import pytest
from hypothesis import given

from dvs_jax import video
from tests.video.clips import color_chart

from .budget import budget
from .examination import outcome
from .examiner import examiner
from .mutation import mutations

KINDS = (".bmp", ".jpg", ".png", ".tif", ".webp")

FEW = 25


def read_whole(folder: Path) -> None:
    """Read a folder of pictures as stabilising does."""
    info = video.probe(folder)
    assert sum(1 for _ in video.read_pictures(folder)) == info.frame_count


@pytest.mark.filterwarnings("ignore::UserWarning")  # of Pillow
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_pictures(kind: str, tmp_path: Path, fuzz_examples: int | None):
    cv2.imwrite(str(tmp_path / f"0{kind}"), color_chart(64, 48))
    shutil.copy(tmp_path / f"0{kind}", tmp_path / f"1{kind}")
    valid = (tmp_path / f"0{kind}").read_bytes()
    assert outcome(read_whole, tmp_path) == ""

    @budget(FEW, fuzz_examples)
    @given(data=mutations(valid))
    def damaged(data: bytes) -> None:
        (tmp_path / f"1{kind}").write_bytes(data)
        examine(tmp_path)

    with examiner(read_whole, fuzz_examples) as examine:
        damaged()

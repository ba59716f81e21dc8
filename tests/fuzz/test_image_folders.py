"""Folders of pictures with bytes changed at random: read, or refused by one line that names one."""

import functools
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from dvs_jax import video
from tests.video.clips import color_chart

from .examination import Worker, outcome
from .mutation import mutations

KINDS = (".bmp", ".jpg", ".png", ".tif", ".webp")

FEW = 25


def read_whole(folder: Path) -> None:
    """Read a folder of pictures as stabilising does."""
    info = video.probe(folder)
    assert sum(1 for _ in video.read_pictures(folder)) == info.frame_count


@pytest.fixture(scope="module")
def examine(fuzz_examples: int | None) -> Iterator[Any]:
    """Reads in this process where the few files are known to be harmless; else in another."""
    if fuzz_examples is None:
        yield functools.partial(outcome, read_whole)
    else:
        worker = Worker(read_whole)
        yield worker
        worker.stop()


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_pictures(kind: str, tmp_path: Path, examine: Any, fuzz_examples: int | None):
    cv2.imwrite(str(tmp_path / f"0{kind}"), color_chart(64, 48))
    shutil.copy(tmp_path / f"0{kind}", tmp_path / f"1{kind}")
    valid = (tmp_path / f"0{kind}").read_bytes()
    assert outcome(read_whole, tmp_path) == ""

    @settings(
        max_examples=fuzz_examples or FEW,
        deadline=None,
        derandomize=fuzz_examples is None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=mutations(valid))
    def damaged(data: bytes) -> None:
        (tmp_path / f"1{kind}").write_bytes(data)
        examine(tmp_path)

    damaged()

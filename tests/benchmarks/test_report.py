"""The one form in which every benchmark tells what it found."""

import json
import math
import platform
import re

import cv2
import jax
import numpy as np
import pytest

from dvs_jax.benchmarks import picture
from dvs_jax.benchmarks.environment import Environment
from dvs_jax.benchmarks.report import Column, Report, Table, render, write
from dvs_jax.errors import InputError

SPEEDS = Table(
    "speeds",
    (Column("way"), Column("frames/s", ".1f"), Column("share", ".0%")),
    (("transcode", 48.66, 0.75), ("stabilize", 12.0, math.nan)),
    drawn=("frames/s",),
    caption="on one clip",
)
ENVIRONMENT = Environment("0.1.0", "0.10.2", "3.12.1", "2 × H200", 16, "2026-01-02")


def report(*tables: Table) -> Report:
    remarks, details = ("it was idle",), {"runs": [1.5, {"lost": math.inf}]}
    return Report("pipeline", tables, {"gain": 4.0}, remarks, details, ENVIRONMENT)


def test_the_screen_shows_tables_ratios_remarks_and_where_it_ran():
    table, *lines = render(report(SPEEDS))
    assert (table.title, table.caption) == ("speeds", "on one clip")
    assert [column.header for column in table.columns] == ["way", "frames/s", "share"]
    cells = [[*column.cells] for column in table.columns]
    assert cells == [["transcode", "stabilize"], ["48.7", "12.0"], ["75%", "–"]]
    assert lines == [
        "gain: 4.00 ×",
        "it was idle",
        "dvs-jax 0.1.0, JAX 0.10.2, Python 3.12.1, 2 × H200, 16 cores, 2026-01-02",
    ]


def test_the_file_keeps_every_number_and_null_where_there_is_none(tmp_path):
    write(report(SPEEDS), tmp_path / "numbers.json")
    assert json.loads((tmp_path / "numbers.json").read_text()) == {
        "benchmark": "pipeline",
        "environment": {
            "package": "0.1.0",
            "jax": "0.10.2",
            "python": "3.12.1",
            "devices": "2 × H200",
            "cores": 16,
            "date": "2026-01-02",
        },
        "tables": [
            {
                "title": "speeds",
                "rows": [
                    {"way": "transcode", "frames/s": 48.66, "share": 0.75},
                    {"way": "stabilize", "frames/s": 12.0, "share": None},
                ],
            }
        ],
        "ratios": {"gain": 4.0},
        "remarks": ["it was idle"],
        "details": {"runs": [1.5, {"lost": None}]},
    }


def test_the_environment_is_that_of_the_process():
    here = Environment()
    assert (here.jax, here.python) == (jax.__version__, platform.python_version())
    assert here.devices.startswith(f"{jax.local_device_count()} × ")
    assert here.cores >= 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", here.date)


def bars(image: np.ndarray) -> list[int]:
    """The lengths in pixels of the bars in Matplotlib's first colour, from above."""
    blue = (np.abs(image.astype(int) - np.array([180, 119, 31])).max(axis=2) < 8).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(blue)
    found = [row for row in stats[1:] if row[cv2.CC_STAT_AREA] > 200]
    found.sort(key=lambda row: row[cv2.CC_STAT_TOP])
    return [int(row[cv2.CC_STAT_WIDTH]) for row in found]


def test_the_picture_has_a_bar_for_each_number(tmp_path):
    file = tmp_path / "speeds.png"
    picture.draw(report(SPEEDS), file)
    first, second = bars(cv2.imread(str(file)))
    assert first / second == pytest.approx(48.66 / 12.0, rel=0.03)


def test_the_picture_has_a_panel_for_each_table(tmp_path):
    one, two = tmp_path / "one.png", tmp_path / "two.jpg"
    picture.draw(report(SPEEDS), one)
    picture.draw(report(SPEEDS, SPEEDS), two)
    heights = [cv2.imread(str(file)).shape[0] for file in (one, two)]
    assert heights[1] == pytest.approx(2 * heights[0], abs=2)


def test_a_picture_needs_a_pictures_name(tmp_path):
    picture.require_picture(tmp_path / "new" / "speeds.PNG")
    with pytest.raises(
        InputError, match=r"speeds\.json: is no picture's name; let it end in \.png"
    ):
        picture.require_picture(tmp_path / "speeds.json")

"""The table on the screen."""

import dataclasses
import io
import math

import pytest
import rich.console

from dvs_jax import metrics
from dvs_jax.metrics import Metrics, MetricsTable

pytestmark = pytest.mark.filterwarnings("error")


def test_the_table_shows_both_rows_and_a_dash_for_the_undefined():
    values = {entry.name: 0.25 for entry in dataclasses.fields(Metrics)}
    row = Metrics(**{**values, "frames": 40})
    undefined = dataclasses.replace(row, rotation_jitter_deg=math.nan)
    console = rich.console.Console(file=io.StringIO(), width=120)
    console.print(metrics.render(MetricsTable(row, undefined)))
    text = console.file.getvalue()
    jitter = next(line for line in text.splitlines() if "jitter" in line)
    assert [cell.strip() for cell in jitter.strip("│").split("│")] == [
        "Rotation jitter above 2 Hz",
        "deg RMS",
        "lower",
        "0.250",
        "–",
    ]
    assert len(text.splitlines()) == 4 + len(values)

"""Bars: what they tell, and to whom."""

import io
import re

import pytest
from rich.console import Console

from dvs_jax.cli import printing, tracking

from .run import QUICK


@pytest.mark.slow
def test_bars_show_frames_per_second_and_the_time_left(dvs, walk, tmp_path, monkeypatch):
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100, color_system=None)
    monkeypatch.setattr(printing, "err", console)
    assert dvs("stabilize", walk, "-o", tmp_path / "out", *QUICK[:2], "--metrics").code == 0
    for label in ("stabilising", "measuring"):
        assert re.search(rf" {label} ━+ 30/30 \d+\.\d frames/s 0:00:0\d", screen.getvalue())
    assert "-:--:--" in screen.getvalue()


def test_a_bar_tells_the_time_left_while_it_runs(monkeypatch):
    now, screen = [0.0], io.StringIO()
    console = Console(file=screen, width=80, color_system=None, get_time=lambda: now[0])
    monkeypatch.setattr(printing, "err", console)
    bar = tracking.bar()
    task = bar.add_task("warping", total=100)
    for _ in range(20):
        now[0] += 0.5
        bar.advance(task)
    console.print(bar.get_renderable())
    assert "20/100 2.0 frames/s 0:00:40" in screen.getvalue()


def test_bars_are_for_terminals_only(dvs, walk, tmp_path):
    assert dvs("stabilize", walk, "-o", tmp_path / "out", *QUICK).err == ""

"""What the page shows, as HTML."""

import dataclasses
import html
import json
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from dvs_jax import metrics
from dvs_jax.app.job import Progress
from dvs_jax.app.stabilizing import Made
from dvs_jax.metrics import MetricsTable
from dvs_jax.notebook import player_of
from dvs_jax.notebook.page import page

_SERVED = "gradio_api/file="

CAMERA = {"width": {"ideal": 1280}, "height": {"ideal": 720}, "frameRate": {"ideal": 30}}
"""What a browser records smoothly; more would be dropped by its encoder."""

_LIVE = Path(__file__).with_name("live.html")


def address(file: Path) -> str:
    """Return where a visitor's file is served, relative to the page."""
    return _SERVED + quote(str(file))


def player(made: Made) -> str:
    """Return the two monitors."""
    return player_of(address(made.preview), made.shown).framed()


def live(name: str) -> str:
    """Return what a visitor records live by.

    Args:
        name: of his folder.
    """
    shown = page(_LIVE, 420, name=name, constraints=json.dumps(CAMERA))
    return dataclasses.replace(shown, allowed="camera; autoplay").framed()


def progress(now: Progress) -> str:
    """Return a bar, with its frames counted."""
    if not now.total:
        return f'<p class="dvs-said">{html.escape(now.label)} …</p>'
    said = f"{now.label}: {now.done} of {now.total} frames"
    return (
        f'<progress class="dvs-bar" value="{now.done}" max="{now.total}"></progress>'
        f'<p class="dvs-said">{html.escape(said)}</p>'
    )


def error(message: str) -> str:
    """Return a complaint."""
    return f'<p class="dvs-error" role="alert">{html.escape(message)}</p>'


def notes(said: Sequence[str]) -> str:
    """Return what a visitor should know."""
    return "".join(f'<p class="dvs-said">{html.escape(each)}</p>' for each in said)


def downloads(made: Made) -> str:
    """Return links to the files that were made."""
    report = made.report
    files = {
        "Video": report.cropped,
        "Trajectory": report.trajectory,
        "Side by side": report.side_by_side,
    }
    links = [
        f'<a class="dvs-download" download href="{html.escape(address(file))}">{name}</a>'
        for name, file in files.items()
        if file is not None
    ]
    kept = f'<span class="dvs-said">keeps {report.kept:.0%} of width and height</span>'
    return f'<div class="dvs-downloads">{"".join(links)}{kept}</div>'


def table(measured: MetricsTable) -> str:
    """Return the metrics, the input's beside the output's."""
    head = "".join(f"<th>{each}</th>" for each in ("Metric", "Unit", "Better", "Input", "Output"))
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(each)}</td>" for each in line) + "</tr>"
        for line in metrics.lines(measured)
    )
    return f'<div class="dvs-table"><table><tr>{head}</tr>{body}</table></div>'

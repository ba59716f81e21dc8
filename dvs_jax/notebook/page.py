"""A page shown inside another: a notebook's output, or the app's."""

import html
from dataclasses import dataclass
from pathlib import Path
from string import Template

FOLDER = Path(__file__).parent
"""Of the pages of notebooks."""


@dataclass(frozen=True)
class Page:
    """A page of HTML, which a notebook shows where it is the last line of a cell.

    Attributes:
        content: the whole page.
        height: pixels that it takes until it has found its own.
        allowed: what a browser lets it do.
    """

    content: str
    height: int
    allowed: str = "autoplay; fullscreen"

    def framed(self) -> str:
        """Return it as a frame of another page, whose styles and names do not reach into it."""
        content = html.escape(self.content)
        # IPython advises against what begins with a frame.
        return (
            '<div><iframe style="width: 100%; border: 0; display: block; '
            f'height: {self.height}px" allow="{self.allowed}" srcdoc="{content}"></iframe>'
            "</div>"
        )

    def _repr_html_(self) -> str:
        return self.framed()


def page(file: Path, height: int, **values: str) -> Page:
    """Return a page that is filled in.

    Args:
        file: of the page, a template.
        height: see `Page`.
        values: what it leaves open, as HTML.
    """
    frame = (FOLDER / "frame.html").read_text()
    return Page(Template(file.read_text()).substitute(values, frame=frame), height)

"""A page shown inside another: a notebook's output, or the app's."""

import html
from dataclasses import dataclass
from pathlib import Path
from string import Template

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Page:
    """A page of HTML, which a notebook shows where it is the last line of a cell.

    Attributes:
        content: the whole page.
        height: pixels that it takes until it has found its own.
    """

    content: str
    height: int

    def framed(self) -> str:
        """Return it as a frame of another page, whose styles and names do not reach into it."""
        content = html.escape(self.content)
        # IPython advises against what begins with a frame.
        return (
            '<div><iframe style="width: 100%; border: 0; display: block; '
            f'height: {self.height}px" allow="autoplay; fullscreen" srcdoc="{content}"></iframe>'
            "</div>"
        )

    def _repr_html_(self) -> str:
        return self.framed()


def page(name: str, height: int, **values: str) -> Page:
    """Return a page of this folder, filled in.

    Args:
        name: of its file.
        height: see `Page`.
        values: what it leaves open, as HTML.
    """
    frame = (_FOLDER / "frame.html").read_text()
    return Page(Template((_FOLDER / name).read_text()).substitute(values, frame=frame), height)

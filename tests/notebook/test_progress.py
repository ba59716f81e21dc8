"""The progress bar under a cell."""

import IPython.display
import pytest

from dvs_jax import notebook


class Shown:
    def __init__(self):
        self.bars = []

    def update(self, bar):
        self.bars.append(bar)


@pytest.fixture
def shown(monkeypatch):
    handle = Shown()

    def display(bar, display_id):
        handle.update(bar)
        return handle

    monkeypatch.setattr(IPython.display, "display", display)
    return handle


def test_it_begins_at_none_and_ends_at_all(shown):
    assert list(notebook.progress(iter("abc"), 3, "stabilising")) == ["a", "b", "c"]
    first, last = shown.bars[0], shown.bars[-1]
    assert repr(first) == "stabilising: 0 of 3"
    assert repr(last).startswith("stabilising: 3 of 3, ")
    assert '<progress value="3" max="3">' in last._repr_html_()


def test_it_passes_on_what_it_has_not_shown(monkeypatch):
    monkeypatch.setattr(IPython.display, "display", lambda bar, display_id: None)
    assert list(notebook.progress([1, 2], 2, "reading")) == [1, 2]

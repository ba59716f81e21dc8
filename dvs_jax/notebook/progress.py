"""A progress bar in a notebook's output."""

import time
from collections.abc import Iterable

from dvs_jax.progress import Item

_EVERY_S = 0.2


def progress(items: Iterable[Item], total: int, label: str) -> Iterable[Item]:
    """Pass the items on, and show under the cell how many of them have been taken.

    It is a `Track`: `dvs_jax.stabilize(clip, "out", track=notebook.progress)`. Outside of a
    notebook it prints lines of text.
    """
    from IPython.display import display

    begun = last = time.monotonic()
    shown = display(_Bar(label, 0, total, 0.0), display_id=True)
    done = 0
    for done, item in enumerate(items, 1):
        yield item
        now = time.monotonic()
        if shown is not None and (now - last >= _EVERY_S or done == total):
            shown.update(_Bar(label, done, total, now - begun))
            last = now


class _Bar:
    def __init__(self, label: str, done: int, total: int, passed_s: float):
        rate = f", {done / passed_s:.1f} a second" if passed_s > 0.0 else ""
        self._values, self._text = (done, total), f"{label}: {done} of {total}{rate}"

    def _repr_html_(self) -> str:
        done, total = self._values
        return f'<progress value="{done}" max="{max(total, 1)}"></progress> {self._text}'

    def __repr__(self) -> str:
        return self._text

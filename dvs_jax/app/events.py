"""What happens on the page when something is asked for."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from dvs_jax.app import showing, stabilizing
from dvs_jax.app.job import CancelledError, Job
from dvs_jax.app.stabilizing import Limits, Made, Wish
from dvs_jax.app.visitors import Visitor, Visitors
from dvs_jax.errors import InputError
from dvs_jax.metrics import MetricsTable
from dvs_jax.progress import Track

OUTPUTS = ("said", "player", "downloads", "path", "metrics")
"""What the page shows below."""

Shown = list[Any]
"""The outputs; `gr.skip()` of one that stays as it is."""


class Events:
    """What happens when something is asked for.

    Attributes:
        limits: of an upload.
    """

    def __init__(self, visitors: Visitors, limits: Limits):
        self._visitors, self.limits = visitors, limits

    def look(self, request: gr.Request) -> str:
        """Return what a visitor records live by."""
        return showing.live(self._visitors.of(str(request.session_hash)).folder.name)

    def come(self, request: gr.Request, files: list[str] | None) -> None:
        """Remember whose the files are that have come, also if nothing is asked for them."""
        self._visitors.of(str(request.session_hash)).uploads.update(map(Path, files or []))

    def run(
        self, request: gr.Request, source: str | list[str] | None, *wished: Any
    ) -> Iterator[Shown]:
        """Stabilise what a visitor chose or recorded, and tell how far it is."""
        visitor = self._visitors.of(str(request.session_hash))
        if not source:
            yield _said(showing.error("Choose a video first, or record one."))
            return
        uploads = [source] if isinstance(source, str) else source
        yield from _complaining(self._work(visitor, [*map(Path, uploads)], Wish(*wished)))

    def recorded(self, request: gr.Request, recording: str | None, *wished: Any) -> Iterator[Shown]:
        """Stabilise a recording that has come; nothing happens when it is taken away."""
        if recording is not None:
            yield from self.run(request, recording, *wished)

    def steadied_live(self, request: gr.Request, *wished: Any) -> Iterator[Shown]:
        """Show a live recording that has ended."""
        visitor = self._visitors.of(str(request.session_hash))
        if visitor.live is not None:
            wish, results = Wish(*wished), visitor.cleared()
            shown = partial(stabilizing.recorded, visitor.live.file, wish, results)
            yield from _complaining(self._shown(visitor, wish, shown))

    def _work(self, visitor: Visitor, uploads: Sequence[Path], wish: Wish) -> Iterator[Shown]:
        clip, results = visitor.take(uploads), visitor.cleared()
        make = partial(stabilizing.make, clip, wish, self.limits, results)
        yield from self._shown(visitor, wish, make)

    def _shown(
        self, visitor: Visitor, wish: Wish, make: Callable[[Track], Made]
    ) -> Iterator[Shown]:
        yield [""] * len(OUTPUTS)
        making: Job[Made] = Job(make)
        visitor.job = making
        yield from map(_said, map(showing.progress, making.steps()))
        made = making.result()
        notes = showing.notes(made.notes)
        yield [notes, showing.player(made), showing.downloads(made), made.paths, ""]
        if wish.measure:
            measuring: Job[MetricsTable] = Job(partial(stabilizing.measure, made))
            visitor.job = measuring
            yield from (_said(notes + showing.progress(now)) for now in measuring.steps())
            table = showing.table(measuring.result())
            yield [notes, *[gr.skip()] * (len(OUTPUTS) - 2), table]

    def cancel(self, request: gr.Request) -> None:
        """End a visitor's work soon."""
        job = self._visitors.of(str(request.session_hash)).job
        if job is not None:
            job.cancel()

    def leave(self, request: gr.Request) -> None:
        """Delete a visitor's files."""
        self._visitors.leave(str(request.session_hash))


def _complaining(shown: Iterator[Shown]) -> Iterator[Shown]:
    """Pass on what is shown; say why it ends early, if it does."""
    try:
        yield from shown
    except CancelledError:
        yield _said(showing.notes(["Cancelled."]))
    except InputError as error:
        yield _said(showing.error(str(error)))


def _said(text: str) -> Shown:
    return [text, *[gr.skip()] * (len(OUTPUTS) - 1)]

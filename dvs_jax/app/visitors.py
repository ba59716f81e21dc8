"""Whose files are whose: a folder for each visitor, which goes when he does."""

import contextlib
import os
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from dvs_jax.app.job import Job
from dvs_jax.app.live import Live

KEPT_S = 3600.0
"""How long files stay of a visitor who neither comes back nor says goodbye."""


_LOOKED_AFTER_S = 60.0


class Visitor:
    """A visitor.

    Attributes:
        folder: of what is made for him; its name tells nobody else where it is.
        uploads: his files as they came, which others who brought the same ones may share.
        job: what is done for him, or None.
        live: his live recording, or None.
        seen_s: when he last asked for something.
    """

    def __init__(self, root: Path, now_s: float):
        self.folder = root / uuid.uuid4().hex
        self.folder.mkdir(parents=True)
        self.uploads: set[Path] = set()
        self.job: Job | None = None
        self.live: Live | None = None
        self.seen_s = now_s

    def take(self, files: Sequence[Path]) -> Path:
        """Return a folder with nothing but these uploads."""
        self.uploads.update(files)
        clip = self.folder / "clip"
        shutil.rmtree(clip, ignore_errors=True)
        clip.mkdir()
        for file in files:
            _link(file, clip / file.name)
        return clip

    def cleared(self, name: str = "results") -> Path:
        """Return a folder for new results, of which there are none of earlier ones."""
        results = self.folder / name
        shutil.rmtree(results, ignore_errors=True)
        results.mkdir()
        return results

    def leave(self) -> None:
        """End his work, and delete what was made for him."""
        for each in (self.job, self.live):
            if each is not None:
                each.cancel()
        for job in self._jobs():
            for _ in job.steps():
                pass
        shutil.rmtree(self.folder, ignore_errors=True)

    def is_busy(self) -> bool:
        """Return whether something is being done for him."""
        return any(job.is_running() for job in self._jobs())

    def _jobs(self) -> list[Job]:
        live = None if self.live is None else self.live.job
        return [job for job in (self.job, live) if job is not None]


def _link(file: Path, place: Path) -> None:
    try:
        os.link(file, place)
    except OSError:  # another drive, or a system without links
        shutil.copyfile(file, place)


class Visitors:
    """All visitors."""

    def __init__(self, root: Path, clock: Callable[[], float] = time.monotonic):
        """Begin with none.

        Args:
            root: the folder for theirs.
            clock: seconds.
        """
        self._root, self._clock = root, clock
        self._known: dict[str, Visitor] = {}
        self._lock = threading.Lock()

    def of(self, session: str) -> Visitor:
        """Return the visitor of a session."""
        now_s = self._clock()
        with self._lock:
            if session not in self._known:
                self._known[session] = Visitor(self._root, now_s)
            visitor = self._known[session]
            visitor.seen_s = now_s
            return visitor

    def called(self, name: str) -> Visitor | None:
        """Return the visitor whose folder has this name, or None."""
        with self._lock:
            for visitor in self._known.values():
                if visitor.folder.name == name:
                    return visitor
        return None

    def forget_absent(self) -> None:
        """Delete the files of those who have been away for long."""
        now_s = self._clock()
        with self._lock:
            for session, visitor in list(self._known.items()):
                if visitor.is_busy():
                    visitor.seen_s = now_s
                if now_s - visitor.seen_s > KEPT_S:
                    self._forget(session)

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Look every minute whether somebody has been away for long, though nobody else comes."""
        closed = threading.Event()

        def watch() -> None:
            while not closed.wait(_LOOKED_AFTER_S):
                self.forget_absent()

        threading.Thread(target=watch, name="visitors", daemon=True).start()
        try:
            yield
        finally:
            closed.set()

    def leave(self, session: str) -> None:
        """Delete the files of a visitor, who need not be known."""
        with self._lock:
            if session in self._known:
                self._forget(session)

    def _forget(self, session: str) -> None:
        visitor = self._known.pop(session)
        visitor.leave()
        shared = {file for other in self._known.values() for file in other.uploads}
        for file in visitor.uploads - shared:
            with contextlib.suppress(OSError):
                file.unlink()

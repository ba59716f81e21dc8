"""A run whose folder is in an object store: it works in a local one, whose files are sent there.

Orbax would write to gs:// itself, but not to s3://, and a run's last checkpoint could not be told
from one that was cut off by renaming, which stores cannot. So checkpoints are saved here as ever,
and sent whole, each with a mark until all of it is there.
"""

import contextlib
import functools
import logging
import os
import shutil
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

import jax
from jax.experimental import multihost_utils
from ml_collections import ConfigDict

from dvs_jax.cache_folder import cache_folder
from dvs_jax.errors import InputError, shown_as
from dvs_jax.storage import address_of, lease, staging, store, uploading
from dvs_jax.storage.address import below, parent_and_name
from dvs_jax.storage.lease import Lease
from dvs_jax.training import model, parallel, profiling
from dvs_jax.training.checkpoints import FOLDER as CHECKPOINTS
from dvs_jax.training.checkpoints import OF_ONE_PROCESS
from dvs_jax.training.logs import METRICS_FILE, TENSORBOARD_FOLDER
from dvs_jax.whole_file import make_folder, scratch

PAUSE_S = 1.0
"""Between looking for new files; ten times what sending took, where that is longer."""

TRIES, RETRY_S = 5, 10.0
"""At the end of a run, while the store cannot be reached."""

_LOGS = (METRICS_FILE, TENSORBOARD_FOLDER, profiling.FOLDER)

_log = logging.getLogger("dvs_jax")

Train = Callable[[ConfigDict, Path], Path]
"""Trains in a folder, and returns that of the model."""


def anywhere(train: Train) -> Callable[[ConfigDict, str | Path], Path]:
    """Return what trains in a local folder, or in one of an object store."""

    @functools.wraps(train)
    def begun(config: ConfigDict, workdir: str | Path) -> Path:
        address = address_of(workdir)
        if address is None:
            return train(config, Path(workdir))
        parallel.join_hosts(config.train)
        with _kept_at(address) as folder:
            made = train(config, folder)
        return Path(address) / made.relative_to(folder)

    return begun


@contextlib.contextmanager
def _kept_at(address: str) -> Iterator[Path]:
    """Yield a local folder with a run's checkpoints; the first process sends what is new there."""
    # The bucket is there, and can be read.
    store.listing(address, depth=1)
    parent, name = parent_and_name(address)
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(scratch())
        stack.enter_context(shown_as(place, parent))
        folder = place / name
        make_folder(folder / CHECKPOINTS)
        OF_ONE_PROCESS.add(folder / CHECKPOINTS)
        if jax.process_index() > 0:
            multihost_utils.sync_global_devices("the run's folder is locked")
            _fetch(address, folder)
            yield folder
            return
        held = stack.enter_context(lease.alone(address, "a training run"))
        _remove_unfinished(address)
        if jax.process_count() > 1:
            multihost_utils.sync_global_devices("the run's folder is locked")
        _fetch(address, folder)
        with _Sending(folder, address, held):
            yield folder


def _fetch(address: str, folder: Path) -> None:
    """Copy a run's checkpoints, and the log that is continued."""
    for part in (CHECKPOINTS, METRICS_FILE):
        entries = store.listing(f"{address}/{part}")
        staging.fetch(f"{address}/{part}", entries, folder / part)


def _remove_unfinished(address: str) -> None:
    """Remove the checkpoints that a killed run did not send to their end."""
    folder = f"{address}/{CHECKPOINTS}"
    for name in store.listing(folder):
        step, _, file = name.partition("/")
        if file == store.UNFINISHED:
            _remove(f"{folder}/{step}")


def _remove(folder: str) -> None:
    """Remove a folder from a store; what would tell that it is not whole goes last."""
    names = sorted(store.listing(folder), key=lambda name: name == store.UNFINISHED)
    store.remove(f"{folder}/{name}" for name in names)


def _steps(folder: Path) -> set[str]:
    """Return the names of a run's complete checkpoints."""
    return {each.name for each in (folder / CHECKPOINTS).glob("*/") if each.name.isdigit()}


class _Sending:
    """Sends a run's files to a store, in a thread, as they appear and grow.

    Args:
        folder: the run's local one.
        address: of its folder in the store.
        held: the right to write there.
    """

    def __init__(self, folder: Path, address: str, held: Lease):
        self._folder, self._address, self._held = folder, address, held
        self._sent_steps = _steps(folder)
        self._sent_logs: dict[Path, tuple[int, int]] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sending", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Send what is left; after an error, that error is the one to report."""
        self._ended.set()
        self._thread.join()
        if error is None or isinstance(error, SystemExit):
            self._finish()
        else:
            with contextlib.suppress(InputError):
                self._send()

    def _run(self) -> None:
        pause_s, told = PAUSE_S, False
        while not self._ended.wait(pause_s):
            if self._held.lost.is_set():
                # The run then saves its state, here alone, and ends.
                os.kill(os.getpid(), signal.SIGTERM)
                return
            begin = time.monotonic()
            try:
                self._send()
                told = False
            except InputError as error:
                if not told:
                    _log.warning("%s; the run goes on, and it is tried again", error)
                told = True
            pause_s = max(PAUSE_S, 10.0 * (time.monotonic() - begin))

    def _finish(self) -> None:
        for left in reversed(range(TRIES)):
            try:
                self._send()
                if (self._folder / model.FOLDER).is_dir():
                    uploading.upload(self._folder / model.FOLDER, f"{self._address}/{model.FOLDER}")
                return
            except InputError as error:
                if not left or self._held.lost.is_set():
                    raise self._kept(error) from error
            time.sleep(RETRY_S)

    def _kept(self, error: InputError) -> InputError:
        """Keep the run's folder on this machine, and return an error that says so."""
        place = cache_folder() / "unsent" / f"{self._folder.name}-{uuid.uuid4().hex[:8]}"
        make_folder(place.parent)
        shutil.move(self._folder, place)
        return InputError(f"{error}; what this run made is kept in {place}")

    def _send(self) -> None:
        if self._held.lost.is_set():
            raise InputError(
                f"{self._address}: another run has taken it over, so this one has ended"
            )
        # The newest first: older ones may be about to be removed.
        for step in sorted(_steps(self._folder) - self._sent_steps, key=int, reverse=True):
            self._send_step(Path(CHECKPOINTS, step))
        for step in self._sent_steps - _steps(self._folder):
            _remove(f"{self._address}/{CHECKPOINTS}/{step}")
            self._sent_steps.remove(step)
        self._send_logs()

    def _send_step(self, part: Path) -> None:
        # Links of its files stay where it is removed meanwhile.
        linked = self._folder.with_name(".linked") / part.name
        try:
            with contextlib.suppress(shutil.Error, FileNotFoundError):
                shutil.copytree(self._folder / part, linked, copy_function=os.link)
                uploading.upload(linked, below(self._address, part))
                self._sent_steps.add(part.name)
        finally:
            shutil.rmtree(linked, ignore_errors=True)

    def _send_logs(self) -> None:
        grown = {}
        for file in uploading.files_below(self._folder):
            if file.relative_to(self._folder).parts[0] in _LOGS:
                status = file.stat()
                state = status.st_size, status.st_mtime_ns
                if self._sent_logs.get(file) != state:
                    grown[file] = state
        store.send({file: below(self._address, file.relative_to(self._folder)) for file in grown})
        self._sent_logs |= grown

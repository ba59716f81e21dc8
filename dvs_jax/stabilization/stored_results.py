"""A clip's results in an object store."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from dvs_jax import storage
from dvs_jax.clip import Clip
from dvs_jax.stabilization.report import Report
from dvs_jax.stabilization.settings import VIDEO_ENDINGS
from dvs_jax.storage import store, uploaded


def made_at(out: Path, clip: Clip, make: Callable[[Path], Report]) -> Report:
    """Make a clip's results at a local path, or at an address.

    Args:
        out: the folder, or the one video's file; or its address.
        clip: whose results they are.
        make: makes them at a local path.

    Raises:
        InputError: as `make` does; or the store cannot be read or written.
    """
    if out.suffix.lower() in VIDEO_ENDINGS:
        with uploaded(out) as file:
            report = make(file)
    else:
        with results_folder(out, clip.name) as folder:
            report = make(folder)
    # Of one file, the report names that; of a folder, what is in it.
    return report.moved(out.parent if report.cropped.name == out.name else out)


@contextlib.contextmanager
def results_folder(out: Path, name: str) -> Iterator[Path]:
    """Yield where to write a clip's results: the folder itself, or a local one that is sent.

    An earlier run's results in the store have stand-ins in the local folder, empty but for texts,
    so that they are recognised there; those that are removed are removed from the store.

    Args:
        out: the folder, or its address.
        name: of the clip, with which the names of its results begin.

    Raises:
        InputError: the store cannot be read or written.
    """
    address = storage.address_of(out)
    with uploaded(out) as folder:
        if address is None:
            yield folder
            return
        earlier = [each for each in storage.listing(address, 1) if each.startswith(name)]
        stand_ins = {folder / each: _stand_in(folder / each, address) for each in earlier}
        yield folder
        store.remove(f"{address}/{file.name}" for file in stand_ins if not file.exists())
        for file, made_ns in stand_ins.items():
            if file.exists() and file.stat().st_mtime_ns == made_ns:
                file.unlink()


def _stand_in(file: Path, address: str) -> int:
    """Make a stand-in, and return the time of its making."""
    file.parent.mkdir(exist_ok=True)
    text = store.read(f"{address}/{file.name}") if file.suffix == ".txt" else b""
    file.write_bytes(text)
    return file.stat().st_mtime_ns

"""Reads a recording from whatever file it is in."""

from itertools import islice
from pathlib import Path

from dvs_jax.bounded_file import lines, require_regular
from dvs_jax.errors import InputError
from dvs_jax.recordings import blackbox, gcsv, gopro, layouts, telemetry
from dvs_jax.sensors import dialect, loading, table
from dvs_jax.sensors.recording import Recording

TEXT_SUFFIXES = (".csv", ".txt", gcsv.SUFFIX)

_FIRST_LINES = 5


def read(file: Path) -> Recording:
    """Read what a camera, phone, flight controller or Gyroflow has recorded of a gyro.

    Args:
        file: a video with telemetry inside, a .gcsv log, a CSV of a known program, this package's
            own layouts, or any file that telemetry-parser reads, where that is installed.

    Raises:
        InputError: there is no such file, nothing here reads it, or it has no gyro.
    """
    require_regular(file)
    if file.suffix.lower() in TEXT_SUFFIXES:
        return _read_text(file)
    found = gopro.read(file) or telemetry.read(file)
    if found is None:
        raise InputError(f"{file}: telemetry-parser finds no gyro in this file")
    return found


def _read_text(file: Path) -> Recording:
    if gcsv.is_gcsv(next(lines(file), "")):
        return gcsv.read(file)
    if blackbox.header_line(file):
        return blackbox.read(file)
    log = table.read(file)
    layout = layouts.match(log.names)
    if layout is not None:
        return layouts.read(log, layout)
    return layouts.without_header(log) or loading.read(file)


def is_known_log(file: Path) -> bool:
    """Return whether a text file has the first lines of a known program's gyro log."""
    try:
        first = [line.partition("#")[0].strip() for line in islice(lines(file), _FIRST_LINES)]
        is_blackbox = blackbox.header_line(file) > 0
    except (InputError, OSError):
        return False
    first = [line for line in first if line]
    if is_blackbox or not first or gcsv.is_gcsv(first[0]):
        return bool(first)
    written = dialect.sniff(first[0])
    names = dialect.names_of(first[0], written)
    units = dialect.units_of(first[1], written) if len(first) > 1 else ()
    if len(units) == len(names):
        names = dialect.with_units(names, units)
    return layouts.match(names) is not None

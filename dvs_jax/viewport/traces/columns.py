"""Finds the columns of a recorder's table by name."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from dvs_jax import quaternion
from dvs_jax.errors import InputError
from dvs_jax.sensors import table
from dvs_jax.sensors.table import Table

_NORM_TOLERANCE = 1e-2

ROTATION = tuple(f"UnitQuaternion.{axis}" for axis in "xyzw")


def read(file: Path) -> Table:
    """Read a table whose first line names its columns.

    Raises:
        InputError: it cannot be read, or has no names.
    """
    found = table.read(file)
    if not found.names:
        raise InputError(
            f"{file}: its first line does not name its columns; keep the recorder's header"
        )
    return found


def has(table: Table, *names: str) -> bool:
    """Return whether a table has all these columns; case and punctuation do not count."""
    return {_bare(name) for name in names} <= {_bare(name) for name in table.names}


def require(table: Table, *names: str) -> Float[np.ndarray, "row column"]:
    """Return columns by name, float64; case and punctuation do not count.

    Raises:
        InputError: one is missing, or something in it is no number; its line is named.
    """
    places = {_bare(name): place for place, name in enumerate(table.names)}
    missing = [name for name in names if _bare(name) not in places]
    if missing:
        raise InputError(
            f"{table.file}: has no column {', '.join(missing)}, but {table.header()}; "
            "give the file as the recorder wrote it"
        )
    return table.columns([places[_bare(name)] for name in names])


def optional(table: Table, name: str, default: float) -> Float[np.ndarray, "row"]:
    """Return a column by name, or a constant if there is none.

    Raises:
        InputError: something in it is no number.
    """
    if not has(table, name):
        return np.full(len(table.line), default)
    return require(table, name)[:, 0]


def rotations(table: Table, names: Sequence[str] = ROTATION) -> Float[np.ndarray, "row 4"]:
    """Return unit quaternions [x, y, z, w].

    Raises:
        InputError: a column is missing, holds no number, or a norm is off by more than 0.01; the
            line is named.
    """
    logged = require(table, *names)
    norm = np.linalg.norm(logged, axis=-1)
    off = np.abs(norm - 1.0) > _NORM_TOLERANCE
    if off.any():
        row = int(np.argmax(off))
        raise InputError(
            f"{table.file}, line {table.line[row]}: the quaternion's norm is {norm[row]:.3g}, not "
            "1; leave out rows without a pose, or check which columns hold x, y, z, w"
        )
    return quaternion.normalize(logged)


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())

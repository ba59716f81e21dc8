"""What has to be a file, before it is opened."""

import os
import stat
from pathlib import Path

from dvs_jax.errors import InputError, reason

_KINDS = {
    stat.S_IFDIR: "folder",
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}


def require_regular(path: str | os.PathLike[str]) -> int:
    """Return how many bytes a file has; refuse whatever is no file, opening which may never end.

    A link counts as what it points to.

    Raises:
        InputError: there is no such file, it cannot be looked at, or it is a folder, pipe, socket
            or device.
    """
    try:
        status = Path(path).stat()
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    # A ValueError: the name holds a null character.
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({reason(error)})") from error
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "special file")
        raise InputError(f"{path}: is a {kind}, not a file; copy what it holds into a file")
    return status.st_size

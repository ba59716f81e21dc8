"""Prints the lines of a requirements file whose packages this Python has not, whatever version."""

import sys
from importlib import metadata
from pathlib import Path


def main() -> None:
    """Read the file that the command names."""
    for line in Path(sys.argv[1]).read_text().splitlines():
        name, pinned, _ = line.partition("==")
        if pinned and not _is_installed(name):
            print(line)


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


if __name__ == "__main__":
    main()

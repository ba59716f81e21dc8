"""Another process that is writing something: python -m whole_file.other_run KIND FOLDER.

It says so by a line on stdout, and goes on until it is killed.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from dvs_jax.whole_file import locked, replacing, replacing_together

TESTS = Path(__file__).resolve().parents[1]


@contextlib.contextmanager
def writing(kind: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run it, from when it is writing on; it is killed at the end, if it was not before."""
    process = subprocess.Popen(
        [sys.executable, "-m", "whole_file.other_run", kind, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])},
    )
    with process:
        assert process.stdout is not None and process.stdout.readline() == "writing\n"
        yield process
        process.kill()


def main(kind: str, folder: Path) -> None:
    with contextlib.ExitStack() as stack:
        if kind == "locked":
            stack.enter_context(locked(folder, "the flow"))
        elif kind == "together":
            unfinished = stack.enter_context(replacing_together(folder))
            (unfinished / "walk.mp4").write_text("half")
        else:
            stack.enter_context(replacing(folder / "walk.txt")).write_text("half")
        print("writing", flush=True)
        while True:
            time.sleep(1)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))

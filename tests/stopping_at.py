"""Runs the command up to an event, and then hangs: python -m stopping_at EVENT FILE ARGUMENTS.

It hangs in a call that no exception reaches, as in a long compilation, after it has made FILE.
"""

import gc
import hashlib
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any


def hang(file: Path) -> None:
    file.touch()
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)


def at_import(file: Path) -> None:
    class Finder:
        @staticmethod
        def find_spec(name: str, *_: object) -> ModuleSpec | None:
            if name == "jax":
                hang(file)
            return None

    sys.meta_path.insert(0, Finder)


def at_garbage_collection(file: Path) -> None:
    """From which Python lets no exception out."""

    def collected(phase: str, _: dict[str, int]) -> None:
        if phase == "start" and "jax" in sys.modules and not file.exists():
            hang(file)

    gc.callbacks.append(collected)


def at_compilation(file: Path) -> None:
    import jax

    jax.monitoring.register_event_duration_secs_listener(
        lambda event, *_, **__: hang(file) if "jaxpr_to_mlir" in event else None
    )


def at_decoding(file: Path) -> None:
    """In a thread of its own, whose frames the main thread waits for."""
    from dvs_jax import video

    read = video.read_pictures

    def few(path: Any) -> Any:
        for index, picture in enumerate(read(path)):
            if index == 10:
                hang(file)
            yield picture

    video.read_pictures = few


def at_encoding(file: Path) -> None:
    from dvs_jax import video

    _hang_at_third(video.VideoWriter, "write_picture", file)


def at_flow(file: Path) -> None:
    from dvs_jax.flow import FlowFolder

    _hang_at_third(FlowFolder, "write", file)


def at_a_process(file: Path) -> None:
    """Of which the command waits for the end, and which has started others and waits for one."""
    from dvs_jax import synthetic

    first = "sleep 1000 & first=$!"
    others = "for other in $(seq 50); do sleep 1000 & done"
    script = f"{first}; {others}; touch '{file}'; wait $first; echo the first has ended >&2"

    def wait(*_: object) -> None:
        subprocess.run(["sh", "-c", script])

    synthetic.synthesize = wait


def _hang_at_third(home: Any, name: str, file: Path) -> None:
    function, calls = getattr(home, name), []

    def called(*arguments: object) -> None:
        function(*arguments)
        calls.append(None)
        if len(calls) == 3:
            hang(file)

    setattr(home, name, called)


if __name__ == "__main__":
    event, file, *sys.argv[1:] = sys.argv[1:]
    from dvs_jax import __main__ as command

    if event in ("at_import", "at_garbage_collection"):
        globals()[event](Path(file))
        command.main()
    else:
        from dvs_jax.cli import signals

        end_at_signals = signals.end_at_signals

        def begin() -> None:
            end_at_signals()
            globals()[event](Path(file))

        signals.end_at_signals = begin
        command.main()

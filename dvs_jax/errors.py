"""The exception for input that cannot be used, with a message for the user."""

import contextlib
import os
import re
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

LONGEST_MESSAGE = 600
"""Characters: enough for two long paths and a sentence."""

_END_KEPT = 200
"""Characters at a message's end, where it says what to do, that are never cut."""

_TURN_WRITING = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
"""Unicode's bidirectional classes of characters that reorder the text after them."""

FOLDED = re.compile(r"\b(gs|s3):/(?=[^/\s])")
"""How pathlib writes an address in an object store."""

_shown_as: dict[str, str] = {}


def document(name: str) -> str:
    """Return where a document of the project lies, for messages that refer to it.

    Args:
        name: such as "cameras.md".
    """
    checkout, installed = Path(__file__).parents[1] / "docs", Path(sys.prefix, "share/doc/dvs-jax")
    here = [folder / name for folder in (checkout, installed) if (folder / name).is_file()]
    return str(here[0]) if here else f"docs/{name}"


class InputError(ValueError):
    """Input that cannot be used.

    The message names what is wrong, the file (with its line where there is one), and what to do.
    It is one line of at most 600 characters without control characters, whatever
    input it quotes. The command line prints it and exits with code 2; no traceback is shown.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(_shortened(printable(str(message))))


@contextlib.contextmanager
def reading(file: str | os.PathLike[str], complaint: str, advice: str = "") -> Iterator[None]:
    """Turn whatever a reader raises on a file's content into an InputError that names the file.

    ```python
    with reading(file, "not a TOML file"):
        values = tomllib.loads(file.read_text())
    ```

    Args:
        file: the user's path, not that of a temporary copy.
        complaint: what is wrong with the file.
        advice: what to do about it.

    Raises:
        InputError: `{file}: {complaint} ({reason}); {advice}`; for a file that the system cannot
            read, `{file}: cannot be read ({reason})`. Those raised within pass unchanged.
    """
    advice = advice and f"; {advice}"
    try:
        yield
    except InputError:
        raise
    except OSError as error:
        complaint = "cannot be read" if error.strerror else complaint
        raise InputError(f"{file}: {complaint} ({reason(error)}){advice}") from error
    # On damaged files readers raise errors of every type, which differ between versions.
    except Exception as error:
        raise InputError(f"{file}: {complaint} ({reason(error)}){advice}") from error


def reason(error: BaseException) -> str:
    """Return an error's message in one line, without the file's name."""
    if isinstance(error, MemoryError):
        return "it takes more memory than there is"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    said = str(getattr(error, "strerror", None) or error).strip()
    return said.splitlines()[0] if said else type(error).__name__


def show_as(path: str | os.PathLike[str], name: str) -> None:
    """Let messages call a local file, and what is below it, by another name.

    Args:
        path: such as that of a copy in the cache.
        name: such as the address of which it is a copy.
    """
    _shown_as[os.fspath(path)] = name


@contextlib.contextmanager
def shown_as(path: str | os.PathLike[str], name: str) -> Iterator[None]:
    """Do as `show_as` while the context lasts."""
    show_as(path, name)
    try:
        yield
    finally:
        del _shown_as[os.fspath(path)]


def printable(text: str) -> str:
    """Return a text as one line without characters that control a terminal.

    Local copies of what lies in an object store have its address instead of their own.
    """
    for path, name in [*_shown_as.items()]:
        text = text.replace(path, name)
    text = FOLDED.sub(r"\1://", text)
    return "".join(map(_visible, " ".join(text.splitlines())))


def _visible(character: str) -> str:
    is_control = unicodedata.category(character) in ("Cc", "Cs")
    if not is_control and unicodedata.bidirectional(character) not in _TURN_WRITING:
        return character
    return " " if character == "\t" else character.encode("unicode_escape").decode()


def _shortened(text: str) -> str:
    if len(text) <= LONGEST_MESSAGE:
        return text
    return f"{text[: LONGEST_MESSAGE - _END_KEPT - 3]} … {text[-_END_KEPT:]}"

"""An experiment's config: a Python file with `get_config`, and overrides from the command line."""

import ast
import difflib
import math
import re
import runpy
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from dvs_jax.errors import InputError

_PREFIX = "--config."


def load(path: str | Path, overrides: Sequence[str] = ()) -> ConfigDict:
    """Read a config file and override single fields.

    Args:
        path: a Python file, whose `get_config()` returns the config. It is executed.
        overrides: such as "--config.train.lr=3e-4". A value is parsed as the type of the
            field; tuples and dictionaries are written as in Python.

    Returns:
        The config, locked.

    Raises:
        InputError: the file cannot be read or fails (with its line), a field is unknown (with the
            most similar one), or a value is of another type.
    """
    config = _execute(Path(path)).copy_and_resolve_references().lock()
    for override in overrides:
        _override(config, override)
    return config


def _execute(path: Path) -> ConfigDict:
    if not path.is_file():
        raise InputError(f"{path}: no such file; name a config, a .py file with a get_config()")
    try:
        get_config = runpy.run_path(str(path)).get("get_config")
        config = get_config() if callable(get_config) else None
    except InputError:
        raise
    except Exception as error:
        place = f"{path}:{_line(error, path)}"
        raise InputError(f"{place}: {type(error).__name__}: {_gist(error)}") from error
    if not isinstance(config, ConfigDict):
        raise InputError(f"{path}: has no get_config() that returns a ConfigDict; write one")
    return config


def _line(error: Exception, path: Path) -> int:
    """The line of the config file itself at which it failed."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 1
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(path)]
    return (lines[-1] if lines else None) or 1


def _gist(error: Exception) -> str:
    """The message on one line, without ml_collections' list of all fields."""
    text = str(error.args[0]) if error.args else str(error)
    # Its unknown-field errors are quoted twice, so their line breaks are escaped.
    text = re.sub(r' Other fields present: ".*}"', "", text).strip("'")
    return re.sub(r"\\n|\n", " ", text)


def _override(config: ConfigDict, override: str) -> None:
    name, found, text = override.removeprefix(_PREFIX).partition("=")
    if not override.startswith(_PREFIX) or not found:
        raise InputError(f"{override}: is no change of a field; write {_PREFIX}train.lr=1e-4")
    names = list(_names(config))
    if name not in names:
        nearest = difflib.get_close_matches(name, names, n=1, cutoff=0.0)
        raise InputError(f"{override}: no such field; the nearest is {_PREFIX}{nearest[0]}")
    *groups, field = name.split(".")
    for group in groups:
        config = config[group]
    config[field] = _value(text, config[field], override)


def _names(config: ConfigDict) -> Iterator[str]:
    for name, value in config.items():
        if isinstance(value, ConfigDict):
            yield from (f"{name}.{inner}" for inner in _names(value))
        else:
            yield name


def _value(text: str, old: Any, override: str) -> Any:
    if isinstance(old, str):
        return text
    try:
        return _typed(text, old)
    # Python raises other errors for a literal that is nested too deeply or has an impossible key.
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        kind = "True or False" if isinstance(old, bool) else f"of type {type(old).__name__}"
        raise InputError(f"{override}: the value has to be {kind}, such as {old!r}") from error


def _typed(text: str, old: Any) -> Any:
    if isinstance(old, float):
        value: Any = float(text)
        if not math.isfinite(value):
            raise ValueError(text)
        return value
    value = ast.literal_eval(text.capitalize() if isinstance(old, bool) else text)
    if isinstance(old, tuple) and isinstance(value, list):
        return tuple(value)
    if old is not None and type(value) is not type(old):
        raise ValueError(text)
    return value

"""The command line: a file for each command, which parses, calls, prints, and does nothing else."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dvs_jax.cli.program import app, main

__all__ = ["app", "main"]


def __getattr__(name: str) -> Any:
    """Import the program lazily, so that `signals` alone can be imported before it, quickly."""
    if name in __all__:
        return getattr(importlib.import_module("dvs_jax.cli.program"), name)
    raise AttributeError(f"module 'dvs_jax.cli' has no attribute {name!r}")

"""The error of arguments that a command does not take."""

from typing import Any

import typer

# Typer has no public name for what its complaints about arguments have in common.
UsageError: Any = typer.BadParameter.__base__

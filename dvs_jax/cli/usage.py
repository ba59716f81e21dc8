"""The error of arguments that a command does not take."""

from typing import Any

import typer

# Typer has no public name for the base class of its errors about arguments.
UsageError: Any = typer.BadParameter.__base__

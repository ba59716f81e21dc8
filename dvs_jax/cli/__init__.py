"""The command line: a file for each command, which parses, calls, prints, and does nothing else."""

from dvs_jax.cli.program import app, main

__all__ = ["app", "main"]

"""The reference of the commands, as the program itself tells it when the site is built."""

from collections.abc import Iterator
from typing import Any

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from dvs_jax import cli

# Commands and contexts: Typer has no public names for their classes.
Command = Context = Any


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the page."""
    files.append(File.generated(config, "commands.md", content=reference()))


def reference() -> str:
    """Return the page, in Markdown."""
    program = typer.main.get_command(cli.app)
    context = program.context_class(program, info_name="dvs-jax")
    return "\n\n".join(["# Commands", *described(program, context)])


def described(command: Command, context: Context) -> Iterator[str]:
    """Yield heading, usage, help and options of a command and of those in it."""
    usage = command.get_usage(context).removeprefix("Usage: ")
    yield f"## {context.command_path}"
    yield f"```text\n{usage}\n```"
    yield command.help or ""
    yield table(command, context)
    for name, inner in getattr(command, "commands", {}).items():
        yield from described(inner, inner.context_class(inner, info_name=name, parent=context))


def table(command: Command, context: Context) -> str:
    """Return arguments and options, a row each."""
    records = [each.get_help_record(context) for each in command.get_params(context)]
    rows = [f"| `{cell(name)}` | {cell(text)} |" for name, text in filter(None, records)]
    return "\n".join(["| | |", "| --- | --- |", *rows])


def cell(text: str) -> str:
    """Return a text that a table can hold."""
    return text.replace("|", "\\|")

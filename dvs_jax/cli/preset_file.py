"""Options of a command, read from a file."""

from pathlib import Path
from typing import Annotated, Any

import typer

from dvs_jax.bounded_file import read_toml
from dvs_jax.cli.usage import UsageError
from dvs_jax.errors import InputError


def _read(context: typer.Context, file: Path | None) -> Path | None:
    """Make a file's values the defaults of the command's other options.

    Raises:
        InputError: it cannot be read, an option is unknown, or its value is impossible.
    """
    if file is not None:
        values = read_toml(file)
        context.default_map = {
            option.name: _checked(context, file, name, option, value)
            for name, value in values.items()
            for option in [_option(context, file, name)]
        }
    return file


def _option(context: typer.Context, file: Path, name: str) -> Any:
    wanted = f"--{name.replace('_', '-')}"
    for each in context.command.params:
        if wanted in each.opts and wanted not in ("--help", "--preset-file"):
            return each
    raise InputError(f"{file}: dvs-jax {context.info_name} has no option {wanted}; see its --help")


def _checked(context: typer.Context, file: Path, name: str, option: Any, value: Any) -> Any:
    is_switch = option.is_flag
    if isinstance(value, dict | list) or isinstance(value, bool) != is_switch:
        kind = "true or false" if is_switch else "a number or a text"
        raise InputError(f"{file}: {name} has to be {kind}")
    try:
        return option.process_value(context, value if is_switch else str(value))
    except UsageError as error:
        raise InputError(f"{file}: {name} = {value}: {error.message}") from error


PresetFile = Annotated[
    Path | None,
    typer.Option(
        is_eager=True,
        callback=_read,
        help="TOML file with values of these options, such as crop = 0.05 in a line; what is given "
        "here goes before it.",
        show_default=False,
    ),
]

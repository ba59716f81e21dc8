"""The program `dvs-jax`: its commands, and how it ends."""

import io
import logging
import sys
from typing import Annotated

import typer

import dvs_jax
from dvs_jax.cli import printing
from dvs_jax.cli.benchmark import benchmark
from dvs_jax.cli.calibrate import calibrate
from dvs_jax.cli.convert import convert
from dvs_jax.cli.demo import demo
from dvs_jax.cli.evaluate import evaluate
from dvs_jax.cli.exit_codes import BAD_INPUT, INTERRUPTED
from dvs_jax.cli.export import export
from dvs_jax.cli.flow import flow
from dvs_jax.cli.import_recording import import_recording
from dvs_jax.cli.lens import lens
from dvs_jax.cli.notes import notes_shown, say
from dvs_jax.cli.page import page
from dvs_jax.cli.record import record
from dvs_jax.cli.stabilize import stabilize
from dvs_jax.cli.subject import subject
from dvs_jax.cli.synthesize import synthesize
from dvs_jax.cli.train import PARSING, train
from dvs_jax.cli.usage import UsageError
from dvs_jax.cli.viewport import viewport
from dvs_jax.compilation_cache import keep_compiled
from dvs_jax.errors import InputError

app = typer.Typer(
    help="Steady video from shaky: gyro, OIS and optical flow in, a virtual camera's video out.",
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


TALK = ("-q", "--quiet", "-v", "--verbose")
"""Options of the program that may stand behind the command too."""


def _print_version(wanted: bool) -> None:
    if wanted:
        printing.print_line(printing.out, f"dvs-jax {dvs_jax.__version__}")
        raise typer.Exit


@app.callback()
def _talk(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print it."),
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing but warnings and errors.")
    ] = False,
) -> None:
    if verbose:
        say(logging.DEBUG)
    if quiet:
        say(logging.WARNING)
        printing.out.quiet = True


app.command()(stabilize)
app.command()(record)
app.command()(subject)
app.command("app")(page)
app.command()(demo)
app.command("import")(import_recording)
app.command()(lens)
app.command()(synthesize)
app.command()(calibrate)
app.command()(flow)
app.command(**PARSING)(train)
app.command()(evaluate)
app.command()(convert)
app.command()(export)
app.add_typer(viewport, name="viewport")
app.add_typer(benchmark, name="benchmark")


def main() -> None:
    """Run the command; unusable input ends it with a one-line error and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        # A file name that the terminal's encoding lacks must not raise.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    keep_compiled()
    with notes_shown():
        sys.exit(_run(sys.argv[1:] or ["--help"]))


def _run(arguments: list[str]) -> int:
    try:
        code = app(_talk_first(arguments), standalone_mode=False)
    except UsageError as error:
        program = error.ctx.command_path if error.ctx else "dvs-jax"
        return _complain(f"{error.format_message().rstrip('.')}; see {program} --help")
    except (InputError, OSError) as error:
        return _complain(str(error))
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    if code == INTERRUPTED:
        printing.print_line(printing.err, "interrupted")
    return code or 0


def _talk_first(arguments: list[str]) -> list[str]:
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = [each for each in arguments[:end] if each in TALK]
    return options + [each for each in arguments[:end] if each not in TALK] + arguments[end:]


def _complain(message: str) -> int:
    printing.print_line(printing.err, f"error: {message}")
    return BAD_INPUT

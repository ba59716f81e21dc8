"""`dvs-jax train`."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from dvs_jax.cli import printing
from dvs_jax.cli.usage import UsageError

PARSING: dict[str, Any] = {
    "context_settings": {"allow_extra_args": True, "ignore_unknown_options": True},
    "options_metavar": "[OPTIONS] [--config.FIELD=VALUE]...",
}
"""Makes Typer accept options that are not declared: the fields of the config."""


def train(
    context: typer.Context,
    config: Annotated[
        Path,
        typer.Option(
            help="What to train, and how: a Python file, such as those in configs/.",
            show_default=False,
        ),
    ],
    workdir: Annotated[
        Path,
        typer.Option(
            help="Folder of the run: its logs, its checkpoints and, in the end, model/.",
            show_default=False,
        ),
    ],
    profile: Annotated[
        int,
        typer.Option(
            min=0, help="Steps to trace by JAX's profiler, after two, into the folder's profile/."
        ),
    ] = 0,
) -> None:
    """Train a network, or go on with a run that was stopped or killed.

    Single fields of the config are changed as in --config.train.lr=3e-4.

    The same command goes on from the newest checkpoint. SIGTERM saves one and ends with code 0.
    """
    changes = _config_changes(context)
    if profile:
        changes.append(f"--config.train.profile_steps={profile}")

    from dvs_jax.training import configuration

    loaded = configuration.load(config, changes)
    model = _trainer(loaded.system)(loaded, workdir)
    printing.print_file("model", model)
    if loaded.system != "viewport":
        printing.print_line(
            printing.out, f"to use it: dvs-jax stabilize CLIP --model {shlex.quote(str(model))}"
        )


def _trainer(system: str) -> Callable[..., Path]:
    """Return what trains the networks of a system."""
    from dvs_jax.errors import InputError
    from dvs_jax.fused import train as fused
    from dvs_jax.stabgan import train as stabgan
    from dvs_jax.stabnet import train as stabnet
    from dvs_jax.viewport import train as viewport

    trainers = {
        "fused": fused.train_and_evaluate,
        "stabgan": stabgan.train_and_evaluate,
        "stabnet": stabnet.train_and_evaluate,
        "viewport": viewport.train_and_evaluate,
    }
    if system not in trainers:
        raise InputError(f"config.system: {system!r} is none of {', '.join(trainers)}")
    return trainers[system]


def _config_changes(context: typer.Context) -> list[str]:
    """Return the options that change fields of the config; any other is unknown."""
    for argument in context.args:
        if not argument.startswith("--config."):
            kind = "No such option" if argument.startswith("-") else "Got unexpected argument"
            raise UsageError(f"{kind}: {argument}", context)
        if "=" not in argument:
            raise UsageError(f"No value is given: write {argument}=VALUE", context)
    return context.args

"""`dvs-jax import`."""

from pathlib import Path
from typing import Annotated

import typer

from dvs_jax.cli import printing
from dvs_jax.cli.printing import print_file


def import_recording(
    recording: Annotated[
        Path,
        typer.Argument(
            help="A video with telemetry inside or a log beside it, or a log.", show_default=False
        ),
    ],
    out: Annotated[Path, typer.Argument(help="Folder for the clip.", show_default=False)],
) -> None:
    """Write what a camera, phone or flight controller recorded as a plain clip.

    That is the video with its gyro log and camera.toml, in which the mounting, the clock and the
    rest may be corrected by hand. `stabilize` reads recordings as they are and needs no import.
    """
    from dvs_jax.recordings import write_plain

    imported = write_plain(recording, out)
    if imported.recording.kind:
        printing.print_line(printing.err, f"note: {recording}: {imported.recording.kind}")
    for key in imported.untold:
        line = f"note: the recording does not tell {key}; add it to camera.toml (docs/cameras.md)"
        printing.print_line(printing.err, line)
    for file in imported.files:
        print_file("written", file)

"""`dvs-jax import`."""

from pathlib import Path
from typing import Annotated

import typer

from dvs_jax.cli import printing
from dvs_jax.cli.options import FrameTimes, StartNumber
from dvs_jax.cli.printing import print_file
from dvs_jax.errors import document


def import_recording(
    recording: Annotated[
        Path,
        typer.Argument(
            help="A video with telemetry inside or a log beside it, or a folder of pictures with "
            "one; the folder of either; or a log.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Argument(help="Folder for the clip.", show_default=False)],
    frame_times: FrameTimes = None,
    start_number: StartNumber = 1,
) -> None:
    """Write what a camera, phone or flight controller recorded as a plain clip.

    That is the video with its gyro log and camera.toml, in which the mounting, the clock and the
    rest may be corrected by hand. `stabilize` reads recordings as they are and needs no import.
    """
    from dvs_jax.clip import find_video
    from dvs_jax.recordings import write_plain
    from dvs_jax.sensors import FrameTimes

    source = find_video(recording) if recording.is_dir() else recording
    imported = write_plain(source, out, FrameTimes(frame_times, start_number))
    if imported.recording.kind:
        printing.print_line(printing.err, f"note: {recording}: {imported.recording.kind}")
    for key in imported.untold:
        how = document("cameras.md")
        line = f"note: the recording does not tell {key}; add it to camera.toml ({how})"
        printing.print_line(printing.err, line)
    for file in imported.files:
        print_file("written", file)

"""`dvs-jax calibrate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dvs_jax.cli import printing
from dvs_jax.cli.options import FrameTimes, Start, StartNumber
from dvs_jax.cli.printing import print_file
from dvs_jax.errors import InputError

if TYPE_CHECKING:
    from dvs_jax.calibration import Calibration

FILM = (
    "film some 5 s of far things while you tilt, pan and roll the camera back and forth, with its "
    "own stabilisation off"
)


def calibrate(
    clip: Annotated[
        Path,
        typer.Argument(help="A clip with its gyro, in which the camera turns.", show_default=False),
    ],
    start: Start = 0.0,
    seconds: Annotated[float, typer.Option(min=1.5, help="How much to look at.")] = 20.0,
    frame_times: FrameTimes = None,
    start_number: StartNumber = 1,
    force: Annotated[
        bool,
        typer.Option("--force", help="Write camera.toml though it is unsure, or there is one."),
    ] = False,
    plot: Annotated[
        Path | None,
        typer.Option(
            help="File for the turns seen and felt, before and after, .png or .jpg.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Find from the picture how the gyro is mounted, its clock, and what of the camera is unknown.

    It compares how the pictures turn with what the gyro felt, for all 24 mountings and offsets of
    up to 3 s, or all that put the clip within a longer log. The readout time and the focal length
    are found too, where neither camera.toml nor the recording tells them. Of a clip of more than a
    minute the end is looked at too, for the clock's drift. Beside the clip camera.toml is written,
    if the answer is sure.
    """
    from dvs_jax import clip as clips
    from dvs_jax.calibration import Known, with_drift, write_camera
    from dvs_jax.calibration import calibrate as find
    from dvs_jax.sensors import FrameTimes

    times = FrameTimes(frame_times, start_number)
    whole = clips.load_clip(clip, even_stabilized=True, frame_times=times)
    log = clips.recorded(whole)
    part = clips.between(whole, start, start + seconds)
    found = find(part, Known.of(log))
    if not found.doubt:
        found = with_drift(whole, part, found)
    _print(found)
    if plot is not None:
        from dvs_jax.plots import plot_turns

        plot_turns(plot, found.time_s, found.seen, {"before": found.before, "after": found.after})
        print_file("plot", plot)
    if found.doubt and not force:
        raise InputError(f"{clip}: {found.doubt}; {FILM}; or take it as it is by --force")
    written = write_camera(whole.video.path, found, log.told, force)
    print_file("written", written)


def _print(found: Calibration) -> None:
    camera = found.camera
    rows = {
        "agreement": f"{found.found.agreement:.2f} (1 is perfect; the next mounting "
        f"{found.found.next_mounting:.2f}, the next offset {found.found.next_offset:.2f})",
        "gyro axes": ", ".join(camera.gyro_axes),
        "clock offset": f"{camera.clock_offset_s * 1e3:.1f} ms",
        **({"clock drift": f"{camera.clock_drift * 1e6:.1f} ppm"} if found.drift_found else {}),
        "readout time": f"{camera.readout_time_s * 1e3:.1f} ms",
        "fov": f"{1.0 / camera.focal_length[0]:.3f}",
    }
    for name, value in rows.items():
        printing.print_line(printing.out, f"{name:>16}: {value}")

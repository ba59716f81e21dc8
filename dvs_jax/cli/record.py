"""`dvs-jax record`."""

import logging
import math
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dvs_jax.cli.printing import print_file
from dvs_jax.cli.signals import interrupt_setting
from dvs_jax.cli.tracking import tracking
from dvs_jax.errors import InputError

if TYPE_CHECKING:
    from dvs_jax.methods import Method

_log = logging.getLogger("dvs_jax")


def record(
    camera: Annotated[
        str,
        typer.Option(
            help="A camera's number, or what FFmpeg opens: v4l2:/dev/video0, avfoundation:0, "
            "dshow:video=NAME, lavfi:testsrc2, or a stream's address.",
            show_default=False,
        ),
    ],
    seconds: Annotated[
        float | None,
        typer.Option(min=0.1, help="How long to record.", show_default="until Ctrl-C"),
    ] = None,
    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help="Stabilise while it records: by the pictures, 0.4 s ahead, or by a StabNet.",
        ),
    ] = False,
    model: Annotated[
        str | None,
        typer.Option(
            help="Network that needs no sensor, such as stabnet.",
            show_default="the pictures alone, without a network",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the videos.")] = Path("out"),
) -> None:
    """Record from a camera, and stabilise what it saw.

    Ctrl-C ends the recording, which is kept and then stabilised; a second Ctrl-C ends that. There
    is no sound. The folder gets camera_20250131_174500.mp4, by the time of day, and
    camera_20250131_174500_stab_crop.mp4.

    Pictures that this machine is too slow for are dropped, and their number is told. With --live
    those that it is too slow to stabilise are in the recording alone.
    """
    from dvs_jax.stabilization import live as recording
    from dvs_jax.stabilization import load_model
    from dvs_jax.video.capture import Capture
    from dvs_jax.whole_file import locked

    method = None if model is None else load_model(model)
    if method is not None and "gyro" in method.needs:
        raise InputError(f"--model {model} reads a gyro, which no camera logs here; leave it out")
    if live:
        recording.require_live(method)
    file = out / f"camera_{datetime.now():%Y%m%d_%H%M%S}.mp4"
    until_s = math.inf if seconds is None else seconds
    if live:
        with Capture(camera) as capture:
            info = capture.info
        # Before the recording: compiling takes seconds, in which a camera that is open would wait.
        stabilize = recording.prepared(info, method)
    # Two cameras may be recorded into one folder, but not begin in the same second.
    with (
        locked(out, file.name),
        Capture(camera) as capture,
        interrupt_setting(capture.ended),
    ):
        _log.info("%s: is recorded into %s; Ctrl-C ends it", camera, file)
        if live:
            stabilized = recording.record_stabilized(capture, file, until_s, stabilize)
        else:
            recording.record(capture, file, until_s)
    if capture.dropped:
        _log.warning("%s: this machine was too slow for %d pictures", camera, capture.dropped)
    print_file("recording", file)
    print_file("cropped video", stabilized if live else _stabilized(file, out, method))


def _stabilized(file: Path, out: Path, method: "Method | None") -> Path:
    from dvs_jax.clip import load_clip
    from dvs_jax.stabilization import stabilize

    clip = load_clip(file, read_sensors=False)
    with tracking() as track:
        return stabilize(clip, out, method, track=track).cropped

"""`dvs-jax synthesize`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from dvs_jax.cli.printing import print_file
from dvs_jax.cli.tracking import tracking

Motions = Literal[
    "handheld",
    "walking",
    "running",
    "panning",
    "driving",
    "knock",
    "still",
    "flying",
    "cycling",
]
Scenes = Literal["depth", "distant"]

SHARE_OF_READOUT = 0.9
"""Of the time from frame to frame: sensors need a little for what comes between two readouts."""


def synthesize(
    out: Annotated[Path, typer.Argument(help="Folder for the clip.", show_default=False)],
    motion: Annotated[Motions, typer.Option(help="How the camera is held.")] = "handheld",
    scene: Annotated[
        Scenes, typer.Option(help="With parallax, or as if everything were far away.")
    ] = "depth",
    seconds: Annotated[float, typer.Option(help="Length of the clip.")] = 6.0,
    width: Annotated[int, typer.Option(help="Pixels, even.")] = 1280,
    height: Annotated[int, typer.Option(help="Pixels, even.")] = 720,
    frame_rate: Annotated[float, typer.Option(help="Frames per second.")] = 30.0,
    ois: Annotated[bool, typer.Option("--ois/--no-ois", help="Shift the lens.")] = True,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal clips.")] = 0,
    exact_flow: Annotated[
        bool, typer.Option("--flow", help="Also write the exact flow, into flo/ and flo_back/.")
    ] = False,
) -> None:
    """Make a clip from nothing: video, sensor logs in the released layout, and the true path."""
    from dvs_jax import flow, synthetic
    from dvs_jax.whole_file import locked

    clip = synthetic.SyntheticClip(
        motion=motion,
        scene=scene,
        duration_s=seconds,
        size=(width, height),
        frame_rate=frame_rate,
        readout_time_s=_readout_time_s(frame_rate),
        ois=ois,
        seed=seed,
    )
    with tracking() as track, locked(out, synthetic.A_CLIP):
        video = synthetic.synthesize(
            clip, out, lambda frames: track(frames, clip.frame_count, "rendering")
        )
        if exact_flow:
            pairs = synthetic.flow_pairs(synthetic.record(clip))
            flow.write_together(out, track(pairs, clip.frame_count - 1, "exact flow"))
    print_file("clip", video)


def _readout_time_s(frame_rate: float) -> float:
    """Return the usual readout, or a shorter one where frames follow each other faster."""
    from dvs_jax.synthetic import SyntheticClip

    usual = SyntheticClip.readout_time_s
    return min(usual, SHARE_OF_READOUT / frame_rate) if frame_rate > 0 else usual

"""`dvs-jax subject`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dvs_jax.cli import printing
from dvs_jax.cli.options import Start
from dvs_jax.cli.printing import print_file
from dvs_jax.cli.tracking import tracking

if TYPE_CHECKING:
    from dvs_jax.clip import Clip
    from dvs_jax.subject import Report


def subject(
    clip: Annotated[
        Path,
        typer.Argument(help="A video, or a folder with one or with frames.", show_default=False),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")] = Path("out"),
    person: Annotated[
        str | None,
        typer.Option(
            help="Who is kept in place: the number in the table of people, or a place and a "
            "moment, as 0.3,0.6@2.5 (shares of the picture, seconds).",
            show_default="who is large, long to be seen and covers ground",
        ),
    ] = None,
    anchor: Annotated[
        Literal["hips", "shoulders", "torso", "head", "mask"],
        typer.Option(help="What of the person."),
    ] = "hips",
    target: Annotated[
        str, typer.Option(help="Where in the picture: 0.5,0.5 (shares) or 640px,360px.")
    ] = "0.5,0.5",
    smoother: Annotated[
        Literal["rts", "one-euro", "gaussian", "moving", "none"],
        typer.Option(help="What smooths the track of the anchor."),
    ] = "rts",
    cutoff: Annotated[
        float | None,
        typer.Option(
            help="Of the smoother rts, in Hz: 0.5 glides after the person.",
            show_default="4.8 at 30 frames/s",
        ),
    ] = None,
    refine: Annotated[
        Literal["flow", "none"],
        typer.Option(help="Refine the track by the flow of the torso, in a pass of its own."),
    ] = "flow",
    min_confidence: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Presence of the anchor's points that count."),
    ] = 0.5,
    roll_lock: Annotated[
        bool, typer.Option("--roll-lock", help="Keep the person upright too.")
    ] = False,
    scale_lock: Annotated[
        bool, typer.Option("--scale-lock", help="Keep the person at one size too.")
    ] = False,
    border: Annotated[
        str,
        typer.Option(
            help="Beyond the picture's edges: reflect, replicate, a colour such as black or "
            "#204060; or zoom, which enlarges the picture until it covers all."
        ),
    ] = "reflect",
    framing: Annotated[
        Literal["fixed", "varying", "smallest"],
        typer.Option(
            help="How much zoom enlarges: the most, always; what is needed now, changing slowly; "
            "or what the worst frame needs."
        ),
    ] = "smallest",
    max_zoom: Annotated[
        float,
        typer.Option(help="The most that zoom enlarges; beyond, the person leaves the target."),
    ] = 1.5,
    crop_size: Annotated[
        tuple[int, int] | None,
        typer.Option(help="Show a window about the target alone: width and height in pixels."),
    ] = None,
    background: Annotated[
        str,
        typer.Option(
            help="What is seen around the person: keep, remove, blur, a colour such as teal or "
            "#204060, or the file of a picture."
        ),
    ] = "keep",
    mask: Annotated[
        Literal["pose", "general", "landscape"],
        typer.Option(
            help="What tells where the person is: the network for the points, or a model for "
            "selfies within what that says."
        ),
    ] = "pose",
    write_masks: Annotated[
        bool, typer.Option("--write-masks", help="Write a video of the person's masks too.")
    ] = False,
    side_by_side: Annotated[
        bool, typer.Option("--side-by-side", help="Write the input beside the result too.")
    ] = False,
    skeleton: Annotated[
        bool, typer.Option("--skeleton", help="Write the input with everyone's points too.")
    ] = False,
    pose_model: Annotated[
        str, typer.Option(help="BlazePose: full, lite, heavy, or a .task file.")
    ] = "full",
    models: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the published model files.",
            show_default="they are downloaded once",
        ),
    ] = None,
    crf: Annotated[
        float, typer.Option(min=0, max=51, help="Quality of the videos; less is better.")
    ] = 20,
    encoder: Annotated[
        Literal["software", "hardware"], typer.Option(help="As of dvs-jax stabilize.")
    ] = "software",
    audio: Annotated[
        bool, typer.Option("--audio/--no-audio", help="Keep all tracks of sound, or none.")
    ] = True,
    start: Start = 0.0,
    end: Annotated[
        float | None,
        typer.Option(min=0.0, help="Leave out what comes after, in seconds.", show_default=False),
    ] = None,
) -> None:
    """Keep a walking person at one place of the picture.

    Everyone is found and followed; who is kept in place is told by the whole clip. The folder gets
    walk_subject.mp4, the poses as walk_pose.json and walk_pose.csv, what was measured as
    walk_subject_metrics.json, and a picture of the anchor, walk_subject.jpg; where wanted,
    walk_compare.mp4, walk_skeleton.mp4 and walk_mask.mp4. Those of an earlier run are replaced.
    """
    from dvs_jax.storage import uploaded
    from dvs_jax.subject import stabilize
    from dvs_jax.subject.anchor_path import Smoothing

    loaded = _loaded(clip, start, end)
    with tracking() as track, uploaded(out) as folder:
        report = stabilize(
            loaded,
            folder,
            pose_model=pose_model,
            models=models,
            track=track,
            person=person,
            anchor=anchor,
            target=target,
            smoothing=Smoothing(smoother, cutoff),
            min_confidence=min_confidence,
            refine=refine,
            roll_lock=roll_lock,
            scale_lock=scale_lock,
            border=border,
            framing=framing,
            max_zoom=max_zoom,
            crop_size=crop_size,
            background=background,
            mask=mask,
            write_masks=write_masks,
            side_by_side=side_by_side,
            skeleton=skeleton,
            crf=crf,
            encoder=encoder,
            audio=audio,
        )
        _print(report)


def _loaded(path: Path, start: float, end: float | None) -> Clip:
    from dvs_jax.clip import between, load_clip

    clip = load_clip(path, read_sensors=False)
    if start == 0.0 and end is None:
        return clip
    return between(clip, start, math.inf if end is None else end)


def _print(report: Report) -> None:
    from dvs_jax.subject import measures, people_table

    everyone = report.everyone
    printing.out.print(people_table.render(everyone, report.poses.video.height))
    if len(everyone.people) > 1:
        printing.print_line(printing.out, "another is kept in place by --person NUMBER")
    printing.out.print(measures.render(report.measures))
    for name, file in {
        "video": report.video,
        "side by side": report.compared,
        "skeleton": report.skeleton,
        "masks": report.mask,
        "poses": report.pose_json,
        "table": report.pose_csv,
        "plot": report.plot,
        "metrics": report.measures_file,
    }.items():
        if file is not None:
            print_file(name, file)

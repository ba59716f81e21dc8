"""`dvs-jax viewport …`: where a viewer of a 360° video will look."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from dvs_jax.cli import printing
from dvs_jax.cli.exit_codes import BAD_INPUT
from dvs_jax.cli.printing import print_file, print_line
from dvs_jax.cli.tracking import tracking

Forward = Annotated[
    float | None,
    typer.Option(
        help="Share of the picture's width at which yaw is 0.",
        show_default="0.5; for the data of Wu and others 0.75",
    ),
]
PitchUp = Annotated[
    bool,
    typer.Option("--pitch-up", help="The recorder logs the head's pitch as positive upwards."),
]
OwnClock = Annotated[
    bool,
    typer.Option(
        "--playback-from-timestamp",
        help="Take the recording's own clock for the video's, because the player's did not run.",
    ),
]
Name = Annotated[
    str | None, typer.Option(show_default="told by the names of folders and files", help="Name it.")
]
Model = Annotated[str, typer.Option(help="A shipped network, or an Orbax folder.")]
Rate = Annotated[float, typer.Option(help="Maps a second, of a file of maps.")]
Folder = Annotated[Path, typer.Option(help="Folder for what is written.")]

viewport = typer.Typer(
    help="Predict where a viewer of a 360° video looks in the next five seconds, from where the "
    "head has pointed and what is salient.",
    no_args_is_help=True,
)


@viewport.command()
def predict(
    video: Annotated[Path, typer.Argument(help="The equirectangular video.", show_default=False)],
    recording: Annotated[
        Path,
        typer.Argument(
            help="Who watched it: t_s,yaw_deg,pitch_deg or t_s,qx,qy,qz,qw, or a recorder's file.",
            show_default=False,
        ),
    ],
    out: Folder = Path("viewport"),
    model: Model = "viewport",
    saliency: Annotated[
        Path | None,
        typer.Option(
            help="Salient points (…_salxyz.npz), or maps (.npy, .npz, .pt).",
            show_default="the points beside the video or in --out, else told by what moves",
        ),
    ] = None,
    saliency_rate: Rate = 5.0,
    at: Annotated[
        float | None,
        typer.Option(help="Seconds: draw this instant.", show_default="the middle"),
    ] = None,
    forward: Forward = None,
    pitch_up: PitchUp = False,
    playback_from_timestamp: OwnClock = False,
    tiles: Annotated[bool, typer.Option("--tiles", help="Write the tiles in view too.")] = False,
    drawn: Annotated[
        bool, typer.Option("--video", help="Draw the predictions over the video too.")
    ] = False,
    adapt: Annotated[
        float | None,
        typer.Option(
            help="Learn the viewer from the first so many seconds, and predict what follows; for a "
            "network that tells viewers apart.",
            show_default="not",
        ),
    ] = None,
) -> None:
    """Predict at every fifth of a second of a recording: a table, pictures, and errors."""
    from dvs_jax.viewport import load_model, prediction_files, sphere
    from dvs_jax.viewport.prediction_files import Wanted
    from dvs_jax.viewport.saliency import obtaining
    from dvs_jax.viewport.traces import reading
    from dvs_jax.viewport.traces.reading import Options

    network = load_model(model)
    options = Options(forward, pitch_up, playback_from_timestamp)
    (trace, *_) = reading.read(recording, options)
    wanted = Wanted(out, at, sphere.FORWARD if forward is None else forward, tiles, drawn, adapt)
    with tracking() as track:
        points = obtaining.points(video, out, saliency, saliency_rate, track)
        files = prediction_files.write(
            video, trace, (Path(model).name, network), points, wanted, track
        )
    for file in files:
        print_file("written", file)


@viewport.command()
def saliency(
    videos: Annotated[
        list[Path], typer.Argument(help="Videos, or folders of them.", show_default=False)
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the results.", show_default="beside each video"),
    ] = None,
    maps: Annotated[bool, typer.Option("--maps", help="Write the maps too.")] = False,
    drawn: Annotated[
        bool, typer.Option("--video", help="Write each video with the maps over it too.")
    ] = False,
    paver: Annotated[
        Path | None,
        typer.Option(
            help="PAVER's decoder (.pt, or converted): it tells, instead of what moves.",
            show_default="none",
        ),
    ] = None,
    vit: Annotated[
        Path | None,
        typer.Option(
            help="PAVER's vision transformer: Google's B_16 (.npz), timm's, or converted.",
            show_default="none",
        ),
    ] = None,
    frames: Annotated[
        int | None,
        typer.Option(
            help="Consecutive frames that PAVER sees at each instant; 1 takes a fifth of the time.",
            show_default="5",
        ),
    ] = None,
) -> None:
    """Tell what is salient in each video, one by one; what is done already is skipped."""
    from dvs_jax.viewport.saliency import queue, source
    from dvs_jax.viewport.saliency.queue import Work

    found = [each for path in videos for each in queue.find(path)]
    work = Work(*source.chosen(paver, vit, frames), out, maps, drawn)
    with tracking() as track:
        outcomes = list(queue.run(found, work, track))
    for outcome in outcomes:
        told = outcome.reason or f"{outcome.file}"
        print_line(printing.out, f"{outcome.state:>16}: {outcome.video.name}: {told}")
    if not any(outcome.file for outcome in outcomes):
        raise typer.Exit(BAD_INPUT)


@viewport.command()
def evaluate(
    data: Annotated[
        list[Path], typer.Argument(help="Recordings, or folders of them.", show_default=False)
    ],
    out: Folder = Path("compared"),
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="A network to compare; can be given several times.", show_default="viewport"
        ),
    ] = None,
    saliency: Annotated[
        str | None,
        typer.Option(
            help="Folder of <video>_salxyz.npz; or viewers: where the others of each video look.",
            show_default="nothing is known to be salient",
        ),
    ] = None,
    forward: Forward = None,
    pitch_up: PitchUp = False,
    adapt: Annotated[
        str | None,
        typer.Option(
            help="Learn viewers whom a network does not know: from the first so many seconds of "
            "each video, and score what follows; or from their other videos (others).",
            show_default="not",
        ),
    ] = None,
) -> None:
    """Compare networks with the baselines, on all windows of recordings."""
    from dvs_jax.viewport import evaluation_files, strangers
    from dvs_jax.viewport.traces.reading import Options

    learned = None if adapt is None else strangers.adapt_of(adapt)
    options = Options(forward, pitch_up)
    report = evaluation_files.evaluate(data, out, model or ["viewport"], saliency, options, learned)
    for line in report.lines:
        print_line(printing.out, line)
    for file in report.files:
        print_file("written", file)


@viewport.command()
def synthesize(
    out: Folder = Path("data/viewport"),
    videos: Annotated[int, typer.Option(min=1, help="How many.")] = 3,
    viewers: Annotated[int, typer.Option(min=1, help="Of each video.")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal files.")] = 0,
) -> None:
    """Make up videos and their viewers: MP4, recordings of all layouts, and broken ones."""
    from dvs_jax.viewport.synthetic import files
    from dvs_jax.whole_file import locked

    with tracking() as track, locked(out, "made-up viewers"):
        files.write(out, seed, videos, viewers, track)
    print_file("written", out)


@viewport.command()
def check(
    recordings: Annotated[
        list[Path], typer.Argument(help="Recordings, or folders of them.", show_default=False)
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for check.json and pictures of where each looked.", show_default="none"
        ),
    ] = None,
    saliency: Annotated[
        Path | None,
        typer.Option(
            help="Points or maps of their video, to check the azimuth by.", show_default="none"
        ),
    ] = None,
    forward: Forward = None,
    pitch_up: PitchUp = False,
    playback_from_timestamp: OwnClock = False,
    viewer: Name = None,
    video: Name = None,
) -> None:
    """Tell whether recordings are good, and if not, why and what to do."""
    from dvs_jax.viewport import checked_files
    from dvs_jax.viewport.traces.reading import Options

    options = Options(forward, pitch_up, playback_from_timestamp, viewer, video)
    verdicts = checked_files.check(recordings, out, options, saliency)
    for verdict in verdicts:
        print_line(printing.out, checked_files.line(verdict))
        for finding in verdict.findings:
            print_line(printing.out, f"{'':>16}  {finding}")
    if out is not None:
        print_file("written", out / checked_files.NUMBERS)
    if all(verdict.verdict == "refuse" for verdict in verdicts):
        raise typer.Exit(BAD_INPUT)


@viewport.command()
def fetch(
    data: Annotated[
        Literal["wu"], typer.Argument(help="Which data set's videos.", show_default=False)
    ],
    out: Folder = Path("data/wu"),
) -> None:
    """Fetch the videos of a data set that is unpacked in --out, by its videoMeta.csv."""
    from dvs_jax.viewport import fetching

    wanted = fetching.addresses(out)
    failed = 0
    with tracking() as track:
        for outcome in fetching.fetch(wanted, out / "videos", track):
            failed += outcome.state == "failed"
            told = f": {outcome.reason}" if outcome.reason else ""
            print_line(printing.out, f"{outcome.state:>16}: {outcome.name}{told}")
    if failed == len(wanted):
        raise typer.Exit(BAD_INPUT)

"""What each method leaves of the shake in real clips: measured, kept in a file, shown as tables.

python docs/results.py measure "on a highway=highway.mp4" "walking=walk"
python docs/results.py write

The first line measures clips, each called by what stands before the `=`, and keeps the numbers in
docs/results.json; the second one writes the tables that README.md, docs/which_method.md and the
networks' cards show.
"""

import dataclasses
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from jaxtyping import UInt8

import dvs_jax
from dvs_jax import clip as clips
from dvs_jax import video
from dvs_jax.calibration import with_camera_found
from dvs_jax.clip import Clip
from dvs_jax.errors import InputError
from dvs_jax.evaluation.vidstab import DETECTION, has_vidstab, run_vidstab, transformation
from dvs_jax.metrics.shake import ShakeMeasurement
from dvs_jax.metrics.step import step, watched
from dvs_jax.sensors import FrameTimes
from dvs_jax.stabgan.classical_method import ClassicalMethod
from dvs_jax.whole_file import replacing, scratch

ROOT = Path(__file__).parents[1]
NUMBERS = ROOT / "docs" / "results.json"

CROP, VIDSTAB_FRAMES = 0.1, 30
VIDSTAB_ENCODING = {"crf": "12", "preset": "veryfast", "pix_fmt": "yuv420p"}
ENCODING = {"crf": 12.0, "preset": "veryfast", "audio": False}

SMOOTHERS = ("gaussian", "adaptive")
BY_GYRO = ("gyro_only", "fused")
BY_FRAMES = ("stabnet", "stabgan")
REFINED = {"none": "{}", "mesh": "{}, with the stage"}
"""What a method is called without and with the stage that goes by the pictures."""

CARDS = tuple(
    ROOT / "dvs_jax" / "weights" / name / "MODEL_CARD.md" for name in (*BY_GYRO, *BY_FRAMES)
)
DOCUMENTS = (ROOT / "README.md", ROOT / "docs" / "which_method.md", *CARDS)

SOONER_S = 0.4
"""A look-ahead that live use allows; the default for files is 1 s."""

SOONER = f"{{}}, {SOONER_S:g} s ahead"
"""What a method is called with it."""

FOCAL_LENGTH = 1 / 1.27
"""In widths, by which shifts become angles: that of most action cameras and phones."""

Left = dict[str, dict[str, float]]
"""What moves above 2 Hz in a clip's pictures, by each method: the shift, in pixels of pictures 640
wide, the rotation, in degrees, and the wobble, in such pixels (see `Metrics`)."""

DEFAULTS = ("fused, with the stage", "pictures alone")
"""With a gyro, and without."""

OVERVIEW = {
    "as filmed": ("as filmed",),
    "vidstab": ("vidstab",),
    "affine maps, Gaussian": ("affine maps",),
    "`adaptive` smoother": ("adaptive",),
    "`stabnet` alone": ("stabnet",),
    "`stabgan` alone": ("stabgan",),
    "`dvs-jax stabilize`": DEFAULTS,
}
"""Columns of README.md's table, each with the methods of which the first that is there counts."""

BY_FRAMES_ALONE = {
    **{name: (name,) for name in ("as filmed", "vidstab", "affine maps")},
    **{
        form.format(f"`{name}`"): (form.format(name),)
        for form in REFINED.values()
        for name in BY_FRAMES
    },
    "pictures alone": ("pictures alone",),
}

ALL_MEASURES = {
    "as filmed": ("as filmed",),
    "vidstab": ("vidstab",),
    "default, live": tuple(map(SOONER.format, DEFAULTS)),
    "default, files": DEFAULTS,
}
"""Likewise, of the table that shows shift, rotation and wobble."""

WITH_GYRO = (
    *("as filmed", "vidstab"),
    *(form.format(name) for form in REFINED.values() for name in (*SMOOTHERS, *BY_GYRO)),
)

app = typer.Typer(add_completion=False)


@app.command()
def measure(named: Annotated[list[str], typer.Argument(metavar="NAME=CLIP")]) -> None:
    """Measure clips, and keep their numbers in docs/results.json, each clip's under its name."""
    for name, _, path in (each.partition("=") for each in named):
        clip = with_camera_found(dvs_jax.load_clip(path), None, FrameTimes())
        found = {**kept_numbers(), name: dict(left_by_each(name, clip))}
        with replacing(NUMBERS) as part:
            part.write_text(json.dumps(found, indent=1) + "\n")


@app.command()
def write() -> None:
    """Write the tables of the documents."""
    for file in DOCUMENTS:
        file.write_text(with_tables(file.read_text(), kept_numbers()))


def kept_numbers() -> dict[str, Left]:
    """Return what was measured of each clip, by its name."""
    return json.loads(NUMBERS.read_text()) if NUMBERS.is_file() else {}


def left_by_each(name: str, clip: Clip) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield each method with what it leaves in a clip; one that refuses the clip is left out."""
    rate = 1e9 / float(np.mean(np.diff(clips.center_time_ns(clip))))
    yield "as filmed", left(clips.read_frames(clip), rate, 1.0 - 2.0 * CROP)
    with scratch() as folder:
        if has_vidstab():
            how = DETECTION, transformation(VIDSTAB_FRAMES, CROP)
            film = run_vidstab(clip, folder, VIDSTAB_ENCODING, *how)
            yield "vidstab", left(video.read_frames(film), rate)
        for method, seen, given in methods(clip):
            try:
                report = dvs_jax.stabilize(
                    seen, folder / "out", crop=CROP, framing="fixed", **ENCODING, **given
                )
            except InputError as error:
                typer.echo(f"{name}, {method}: left out, for {error}", err=True)
                continue
            yield method, left(video.read_frames(report.cropped), rate)
            typer.echo(f"{name}, {method}: measured", err=True)


def methods(clip: Clip) -> Iterator[tuple[str, Clip, dict[str, Any]]]:
    """Yield each method's name, the clip as it sees it, and what `stabilize` takes for it."""
    blind = dataclasses.replace(clip, sensors=None)
    yield "pictures alone", blind, {}
    yield SOONER.format("pictures alone"), blind, {"look_ahead_s": SOONER_S}
    if clip.sensors is not None:
        yield SOONER.format("fused, with the stage"), clip, {"look_ahead_s": SOONER_S}
    yield "affine maps", blind, {"method": ClassicalMethod()}
    for refine, form in REFINED.items():
        for name in BY_FRAMES:
            yield form.format(name), blind, {"model": dvs_jax.load_model(name), "refine": refine}
        if clip.sensors is None:
            continue
        for name in BY_GYRO:
            yield form.format(name), clip, {"model": dvs_jax.load_model(name), "refine": refine}
        for name in SMOOTHERS:
            yield form.format(name), clip, {"smoother": name, "refine": refine}


def left(
    frames: Iterable[UInt8[np.ndarray, "height width 3"]], rate: float, kept: float = 1.0
) -> dict[str, float]:
    """Return what moves above 2 Hz; see `Left`.

    Args:
        frames: uint8 RGB.
        rate: frames per second.
        kept: the central fraction of their width and height that is looked at.
    """
    measured, earlier = ShakeMeasurement(rate, FOCAL_LENGTH), None
    for frame in frames:
        later = watched(frame, kept)
        measured.add(step(earlier, later))
        earlier = later
    seen = measured.summary()
    measures = {
        "shift_px": seen.residual_shift_px,
        "rotation_deg": seen.residual_rotation_deg,
        "wobble_px": seen.wobble_px,
    }
    return {name: round(value, 4) for name, value in measures.items()}


def with_tables(text: str, found: dict[str, Left]) -> str:
    """Return a document with its tables as the numbers are."""
    made = {
        "overview": by_clip(found, OVERVIEW),
        "frames": by_clip(found, BY_FRAMES_ALONE),
        "gyro": by_method(found, WITH_GYRO),
        **{name: by_clip(found, columns_of(name)) for name in BY_FRAMES},
        "measures": by_clip(found, ALL_MEASURES, ("shift_px", "rotation_deg", "wobble_px")),
    }
    return re.sub(
        r"(?<=<!-- results: )(\w+) -->\n.*?(?=<!-- end -->)",
        lambda place: f"{place[1]} -->\n\n{made[place[1]]}\n",
        text,
        flags=re.S,
    )


def columns_of(name: str) -> dict[str, tuple[str, ...]]:
    """Return the columns of the card of a network that reads frames alone."""
    others = [other for other in BY_FRAMES if other != name]
    return {
        title: of
        for title, of in BY_FRAMES_ALONE.items()
        if not any(other in title for other in others)
    }


def by_clip(
    found: dict[str, Left],
    columns: dict[str, tuple[str, ...]],
    measures: Sequence[str] = ("shift_px",),
) -> str:
    """Return a table with a row for each clip."""
    rows = [
        [name, *(", ".join(shown(left, each, of) for of in measures) for each in columns.values())]
        for name, left in found.items()
    ]
    return table(["clip", *columns], rows)


def by_method(found: dict[str, Left], rows: Sequence[str]) -> str:
    """Return a table with a row for each method, and a column for each clip that has its gyro."""
    chosen = {name: left for name, left in found.items() if BY_GYRO[0] in left}
    lines = [[name, *(shown(left, (name,)) for left in chosen.values())] for name in rows]
    return table(["left by", *chosen], lines)


def shown(left: Left, methods: Sequence[str], measure: str = "shift_px") -> str:
    """Return a clip's number, of the first of the methods that has one, with three digits."""
    value = next((left[each][measure] for each in methods if each in left), None)
    if value is None:
        return "–"
    return f"{value:.3f}" if value < 1.0 else f"{value:.2f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = (head, ["---"] * len(head), *rows)
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    app()

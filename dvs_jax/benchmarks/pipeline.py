"""Speed of stabilising a clip, by stage and end to end, compared with a plain transcode."""

import dataclasses
import sys
from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from dvs_jax import clip as clips
from dvs_jax import sensors, synthetic
from dvs_jax.benchmarks import ways
from dvs_jax.benchmarks.process import run_alone
from dvs_jax.benchmarks.report import Column, Report, Table
from dvs_jax.benchmarks.transcoding import ENCODING
from dvs_jax.benchmarks.ways import EndToEnd, Way
from dvs_jax.clip import Clip, load_clip
from dvs_jax.errors import InputError
from dvs_jax.evaluation.vidstab import has_vidstab, run_vidstab
from dvs_jax.flow import FlowPair
from dvs_jax.fused import clip_flow, strength
from dvs_jax.fused.method import FusedMethod
from dvs_jax.fused.streaming import predicted_levels
from dvs_jax.fused.weights import DEFAULT_MODEL
from dvs_jax.methods import frames_along
from dvs_jax.progress import Track, silently
from dvs_jax.stabilization import live
from dvs_jax.stabilization.drawing import Drawn, drawn
from dvs_jax.stabilization.framing import Shown
from dvs_jax.stabilization.models import load_model
from dvs_jax.stabilization.run import stabilize
from dvs_jax.stabilization.settings import DEFAULT_CRF, DEFAULT_CROP, DEFAULT_PRESET
from dvs_jax.stabilization.viewing import framed_by
from dvs_jax.stages import one_opencv_thread
from dvs_jax.synthetic import SyntheticClip
from dvs_jax.synthetic.repetition import repeat
from dvs_jax.timing import median_seconds
from dvs_jax.video import VideoWriter
from dvs_jax.video.capture import Captured
from dvs_jax.whole_file import scratch

ROUNDS = 5
STAGE_FRAMES = 60
"""Frames with which each stage is timed alone; they are held in memory."""

SAMPLE = SyntheticClip(
    motion="walking", size=(1920, 1080), duration_s=4.0, picture_noise=2.0, seed=3
)
"""With this noise the encoder takes 0.29 bits a pixel, without any 0.13; for real clips it took
0.21, filmed from the air, and 0.42, by hand. The more bits, the more of the time is encoding."""

SAMPLE_REPEATS = 5

_STAGE_COLUMNS = (Column("stage"), Column("frames/s", ".1f"), Column("share", ".0%"))


class StageSpeed(NamedTuple):
    """The speed of one pipeline stage alone, in one thread besides those of the codecs.

    Attributes:
        name: of the stage.
        frames_per_s: median.
        share: fraction of the time that all stages take one after the other.
    """

    name: str
    frames_per_s: float
    share: float


class CommandCost(NamedTuple):
    """Time and memory of `dvs-jax stabilize` as a process, including imports and compilation.

    Attributes:
        seconds: wall time.
        peak_memory_bytes: peak memory.
    """

    seconds: float
    peak_memory_bytes: int


def measure(source: Path | None, model: str | None, track: Track = silently) -> Report:
    """Time the pipeline on a clip, by stage and end to end, all in one run.

    Args:
        source: a clip; without one, 20 s of full HD are rendered.
        model: name or path of the network that finds the path; None takes the default.
        track: reports the rounds.

    Raises:
        InputError: the model is no network of DVS; or the clip is a folder of images, which cannot
            be transcoded, or cannot be read.
    """
    model = model or DEFAULT_MODEL
    method = load_model(model)
    if not isinstance(method, FusedMethod):
        raise InputError(f"{model}: is no network of DVS, whose stages this times")
    with scratch() as folder:
        clip = load_clip(source or sample_clip(folder, track))
        ways.require_video_file(clip)
        timed = ways.end_to_end(clip, _ways(clip, method, folder), folder, ROUNDS, track)
        cost = _in_own_process(clip, model, folder)
        return report_of(clip, _stages(clip, method, folder), timed, cost, _live_ms(clip))


def sample_clip(folder: Path, track: Track = silently, repeats: int = SAMPLE_REPEATS) -> Path:
    """Render 4 s of full HD with their sensors, and return a clip that repeats them."""
    short = synthetic.synthesize(
        SAMPLE, folder / "short", lambda frames: track(frames, SAMPLE.frame_count, "rendering")
    )
    return repeat(short, folder / "long", repeats)


def report_of(
    clip: Clip,
    stages: list[StageSpeed],
    timed: list[EndToEnd],
    cost: CommandCost,
    live_ms: float,
) -> Report:
    """Return the report of a clip: stages, programs end to end, the command, and a live step."""
    width, height = clip.size
    stage_table = Table(
        f"each stage alone, {width} × {height}", _STAGE_COLUMNS, tuple(stages), drawn=("frames/s",)
    )
    ours = next(way for way in timed if way.name == "stabilize")
    memory = cost.peak_memory_bytes / 1e6
    command = f"the command, with all it loads: {cost.seconds:.1f} s, {memory:.0f} MB at most"
    step = f"a live step by the pictures alone, decoding and encoding apart: {live_ms:.1f} ms"
    about = {"clip": str(clip.video.path), "size": clip.size, "frames": clip.frame_count}
    return Report(
        "pipeline",
        (stage_table, ways.table(clip, timed, ROUNDS)),
        {"time of stabilize over the transcode's": ours.time_ratio},
        (command, step),
        about | {"command": cost._asdict(), "live_ms": live_ms},
    )


def _ways(clip: Clip, method: FusedMethod, folder: Path) -> dict[str, Way]:
    blind = dataclasses.replace(clip, sensors=None)
    found: dict[str, Way] = {
        "stabilize": lambda: stabilize(clip, folder / "out", method),
        "stabilize, --refine none": lambda: stabilize(clip, folder / "out", method, refine="none"),
        "stabilize, --sensors none": lambda: stabilize(blind, folder / "out"),
    }
    if has_vidstab():
        found["ffmpeg, two-pass vidstab"] = lambda: run_vidstab(clip, folder, ENCODING)
    return found


def _in_own_process(clip: Clip, model: str, folder: Path) -> CommandCost:
    command = [sys.executable, "-m", "dvs_jax", "stabilize", str(clip.video.path)]
    options = ["--model", model, "--out", str(folder / "command")]
    return CommandCost(*run_alone([*command, *options]))


def _live_ms(clip: Clip) -> float:
    """Return the time that stabilising a picture takes while it is recorded, in milliseconds."""
    count = min(STAGE_FRAMES, clip.frame_count)
    pictures = list(islice(clips.read_pictures(clip), count))
    captured = list(map(Captured, pictures, clip.video.time_ns.tolist()))
    stabilized = live.prepared(clip.video, None)
    with one_opencv_thread():
        return 1e3 / count * median_seconds(lambda: deque(stabilized(captured), 0), ROUNDS)


def _stages(clip: Clip, method: FusedMethod, folder: Path) -> list[StageSpeed]:
    """Time each stage alone, on the stored results of the one before."""
    count = min(STAGE_FRAMES, clip.frame_count)
    log = sensors.part_of(clips.recorded(clip), slice(0, count))
    clip = dataclasses.replace(clip, sensors=log)
    with one_opencv_thread():
        seconds = {
            name: median_seconds(run, ROUNDS) for name, run in _runs(clip, method, folder).items()
        }
    return [
        StageSpeed(name, count / each, each / sum(seconds.values()))
        for name, each in seconds.items()
    ]


def _runs(clip: Clip, method: FusedMethod, folder: Path) -> dict[str, Callable[[], object]]:
    pictures = list(clips.read_pictures(clip))
    runs: dict[str, Callable[[], object]] = {"decoding": lambda: list(clips.read_pictures(clip))}
    pairs: list[FlowPair | None] | None = None
    if method.reads_flow:
        estimator = method.estimator
        pairs = list(clip_flow.pairs_of(pictures, clip, estimator))
        runs["optical flow"] = lambda: list(clip_flow.pairs_of(pictures, clip, estimator))

    def find() -> list[Shown]:
        chosen = strength.for_crop(method.network, clip, DEFAULT_CROP)
        levels = predicted_levels(method.network, clip, chosen, pairs)
        frames = frames_along(clip, levels, DEFAULT_CROP, method.limit_look_ahead_s)
        return list(framed_by(clip, frames, DEFAULT_CROP, "fixed"))

    def draw() -> list[Drawn]:
        return list(drawn(zip(pictures, shown, strict=True), clip, False, "black"))

    shown = find()
    frames = draw()
    runs["path"] = find
    runs["warping"] = draw
    runs["encoding"] = lambda: _encode(clip, frames, folder / "alone.mp4")
    return runs


def _encode(clip: Clip, frames: Iterable[Drawn], out: Path) -> None:
    with VideoWriter(out, clip.video, *clip.size, DEFAULT_CRF, DEFAULT_PRESET) as writer:
        for frame, time_ns in zip(frames, clip.video.time_ns, strict=False):
            writer.write_picture(frame.pictures[0], int(time_ns))

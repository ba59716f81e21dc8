"""How fast a clip is stabilised, stage by stage and end to end, against a plain transcode."""

import dataclasses
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

import av
from av.video.frame import PictureType
from rich.table import Table

from dvs_jax import clip as clips
from dvs_jax import sensors, synthetic
from dvs_jax.clip import Clip
from dvs_jax.errors import InputError
from dvs_jax.flow import FlowPair
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.progress import Track, silently
from dvs_jax.stabilization import pipeline
from dvs_jax.stabilization.pipeline import Method
from dvs_jax.stabilization.stabilize import (
    DEFAULT_CRF,
    DEFAULT_CROP,
    DEFAULT_PRESET,
    DEFAULT_SMOOTHER,
    stabilize,
)
from dvs_jax.stages import one_opencv_thread
from dvs_jax.synthetic import SyntheticClip
from dvs_jax.synthetic.repetition import repeat
from dvs_jax.timing import median_seconds
from dvs_jax.video import VideoWriter
from dvs_jax.whole_file import replacing

ROUNDS = 5
STAGE_FRAMES = 60
"""Frames with which each stage is timed alone; they are held in memory."""

SAMPLE = SyntheticClip(
    motion="walking", size=(1920, 1080), duration_s=4.0, picture_noise=2.0, seed=3
)
"""With this noise a pixel takes the encoder 0.29 bits, without any 0.13; in real clips it took
0.21, filmed from the air, and 0.42, in the hand. The more it takes, the less all else weighs."""

SAMPLE_REPEATS = 5


_LAUNCHER = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


@dataclass(frozen=True)
class StageSpeed:
    """One stage alone, in one thread but for those that the codecs start themselves.

    Attributes:
        name: of the stage.
        frames_per_s: median.
        share: of the time that all stages take one after the other.
    """

    name: str
    frames_per_s: float
    share: float


@dataclass(frozen=True)
class EndToEnd:
    """One way from a video file to another.

    Attributes:
        name: what it is.
        frames_per_s: median of all rounds.
        time_ratio: median, over the rounds, of its time by that of the plain transcode.
        core_ms: median time of processors that a frame takes, in ms: steadier than the rest where
            other programs run beside it.
    """

    name: str
    frames_per_s: float
    time_ratio: float
    core_ms: float


@dataclass(frozen=True)
class PipelineReport:
    """What was measured, all in one run.

    Attributes:
        clip: the video.
        size: width and height in pixels.
        frames: how many.
        cores: how many processors this process may use.
        stages: each alone.
        end_to_end: the plain transcode, `stabilize`, and vidstab where ffmpeg has it.
        peak_memory_bytes: the most that `dvs-jax stabilize` took in a process of its own.
        command_s: how long that process took, with all that is loaded and compiled first.
    """

    clip: str
    size: tuple[int, int]
    frames: int
    cores: int
    stages: list[StageSpeed]
    end_to_end: list[EndToEnd]
    peak_memory_bytes: int
    command_s: float


def sample_clip(folder: Path, track: Track = silently) -> Path:
    """Render a short full HD clip with its sensors, repeat it to 20 s and return the long one."""
    short = synthetic.synthesize(
        SAMPLE, folder / "short", lambda frames: track(frames, SAMPLE.frame_count, "rendering")
    )
    return repeat(short, folder / "long", SAMPLE_REPEATS)


def measure(
    clip: Clip, network: FusedNetwork, model: str, track: Track = silently
) -> PipelineReport:
    """Time a clip's way through the pipeline.

    Args:
        clip: what `load_clip` found; a video file.
        network: that finds the path.
        model: its name or path, for the process whose memory is measured.
        track: told of the rounds.

    Raises:
        InputError: the clip is a folder of images, which cannot be transcoded, or cannot be read.
    """
    if clip.video.path.is_dir():
        raise InputError(f"{clip.video.path}: is a folder of images; give a video file")
    with TemporaryDirectory() as folder:
        speeds = _end_to_end(clip, network, Path(folder), track)
        command_s, peak = _in_own_process(clip, model, Path(folder))
        return PipelineReport(
            clip=str(clip.video.path),
            size=clip.size,
            frames=clip.frame_count,
            cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0,
            stages=_stages(clip, network, Path(folder)),
            end_to_end=speeds,
            peak_memory_bytes=peak,
            command_s=command_s,
        )


def write(report: PipelineReport, file: Path) -> None:
    """Write the numbers as JSON."""
    with replacing(file) as part:
        part.write_text(json.dumps(dataclasses.asdict(report), indent=2) + "\n")


def _end_to_end(clip: Clip, network: FusedNetwork, folder: Path, track: Track) -> list[EndToEnd]:
    ways: dict[str, Callable[[], object]] = {
        "plain transcode": lambda: transcode(clip, folder / "transcoded.mp4"),
        "stabilize": lambda: stabilize(clip, folder / "out", network),
    }
    if has_vidstab():
        ways["ffmpeg, two-pass vidstab"] = lambda: run_vidstab(clip, folder)
    ways["stabilize"]()  # loads and compiles
    rounds = [
        {name: _timed(way) for name, way in ways.items()}
        for _ in track(range(ROUNDS), ROUNDS, "rounds")
    ]
    return [
        EndToEnd(
            name,
            clip.frame_count / median(each[name].seconds for each in rounds),
            median(each[name].seconds / each["plain transcode"].seconds for each in rounds),
            median(each[name].core_seconds for each in rounds) / clip.frame_count * 1e3,
        )
        for name in ways
    ]


def transcode(clip: Clip, out: Path) -> None:
    """Decode a video and encode it anew by PyAV, as `stabilize` does by default, in one loop."""
    options = {"crf": str(DEFAULT_CRF), "preset": DEFAULT_PRESET}
    with av.open(str(clip.video.path)) as source, av.open(str(out), "w") as output:
        video = source.streams.video[0]
        video.thread_type = "AUTO"
        width, height = clip.size
        stream = output.add_stream(
            "libx264",
            rate=clip.video.frame_rate,
            options=options,
            width=width - width % 2,
            height=height - height % 2,
            pix_fmt="yuv420p",
            time_base=clip.video.time_base,
            thread_type="FRAME",
        )
        for frame in source.decode(video):
            frame.pict_type = PictureType.NONE
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def has_vidstab() -> bool:
    """Return whether there is an `ffmpeg` on the PATH with the filters of vidstab."""
    if shutil.which("ffmpeg") is None:
        return False
    listed = subprocess.run(["ffmpeg", "-hide_banner", "-filters"], capture_output=True, text=True)
    return "vidstabdetect" in listed.stdout


def run_vidstab(clip: Clip, folder: Path) -> None:
    """Stabilise a video by ffmpeg's vidstab: a pass that detects, and one that transforms.

    Raises:
        InputError: it failed.
    """
    begin = ["ffmpeg", "-y", "-loglevel", "error", "-i", str(clip.video.path.absolute()), "-vf"]
    encode = ["-c:v", "libx264", "-preset", DEFAULT_PRESET, "-crf", str(DEFAULT_CRF)]
    for rest in (
        ["vidstabdetect=result=motion.trf", "-f", "null", "-"],
        ["vidstabtransform=input=motion.trf", *encode, "vidstab.mp4"],
    ):
        _run([*begin, *rest], folder)


def _in_own_process(clip: Clip, model: str, folder: Path) -> tuple[float, int]:
    """Return the seconds and the bytes that the command takes."""
    command = [sys.executable, "-m", "dvs_jax", "stabilize", str(clip.video.path)]
    return run_alone([*command, "--model", model, "--out", str(folder / "command")])


def run_alone(command: Sequence[str]) -> tuple[float, int]:
    """Run a command; return the seconds it takes, and the bytes of memory it takes at most.

    Raises:
        InputError: it failed.
    """
    start = time.perf_counter()
    # A process's peak begins with that of the one that started it: a small one stands between.
    printed = _run([sys.executable, "-c", _LAUNCHER, *command])
    unit = 1 if sys.platform == "darwin" else 1024
    return time.perf_counter() - start, int(printed) * unit


def _run(command: Sequence[str], folder: Path | None = None) -> bytes:
    """Run a command in a folder; return what it printed, or raise InputError if it fails."""
    ended = subprocess.run(command, cwd=folder, capture_output=True)
    if ended.returncode:
        message = ended.stderr.decode(errors="replace").strip()
        raise InputError(f"{shlex.join(command)}: failed: {message}")
    return ended.stdout


def _stages(clip: Clip, network: FusedNetwork, folder: Path) -> list[StageSpeed]:
    """Time each stage alone, with what the one before it made."""
    count = min(STAGE_FRAMES, clip.frame_count)
    clip = dataclasses.replace(clip, sensors=sensors.part_of(clip.sensors, slice(0, count)))
    with one_opencv_thread():
        seconds = {
            name: median_seconds(run, ROUNDS) for name, run in _runs(clip, network, folder).items()
        }
    return [
        StageSpeed(name, count / each, each / sum(seconds.values()))
        for name, each in seconds.items()
    ]


def _runs(clip: Clip, network: FusedNetwork, folder: Path) -> dict[str, Callable[[], object]]:
    method = Method(network, DEFAULT_SMOOTHER, DEFAULT_CROP, None, "auto")
    pictures = list(clips.read_pictures(clip))
    runs: dict[str, Callable[[], object]] = {"decoding": lambda: list(clips.read_pictures(clip))}
    pairs: list[FlowPair | None] | None = None
    if method.reads_flow:
        estimator = pipeline.estimator_for("auto", network.architecture.official)
        pairs = [pair for _, pair in pipeline.with_flow(pictures, clip, estimator)]
        runs["optical flow"] = lambda: list(pipeline.with_flow(pictures, clip, estimator))
    views = list(pipeline.views_of(clip, method, pairs))
    runs["path"] = lambda: list(pipeline.views_of(clip, method, pairs))

    def draw() -> list[pipeline.Drawn]:
        return list(pipeline.drawn(zip(pictures, views, strict=True), clip, False, "black"))

    frames = draw()
    runs["warping"] = draw
    runs["encoding"] = lambda: _encode(clip, frames, folder / "alone.mp4")
    return runs


def _encode(clip: Clip, frames: Iterable[pipeline.Drawn], out: Path) -> None:
    with VideoWriter(out, clip.video, *clip.size, DEFAULT_CRF, DEFAULT_PRESET) as writer:
        for frame, time_ns in zip(frames, clip.video.time_ns, strict=False):
            writer.write_picture(frame.pictures[0], int(time_ns))


class _Timed(NamedTuple):
    seconds: float
    core_seconds: float


def _timed(run: Callable[[], object]) -> _Timed:
    start, before = time.perf_counter(), os.times()[:4]
    run()
    return _Timed(time.perf_counter() - start, sum(os.times()[:4]) - sum(before))


def render(report: PipelineReport) -> tuple[Table, Table, str]:
    """Return what to show of it: the stages, the ways from end to end, and the process."""
    width, height = report.size
    title = f"each stage alone, {width} × {height}, {report.cores} cores"
    stages = Table("stage", "frames/s", "share", title=title)
    for stage in report.stages:
        stages.add_row(stage.name, f"{stage.frames_per_s:.1f}", f"{stage.share:.0%}")
    title = f"end to end, {report.frames} frames, medians of {ROUNDS}"
    ways = Table("", "frames/s", "time / transcode's", "core ms a frame", title=title)
    for way in report.end_to_end:
        numbers = f"{way.frames_per_s:.1f}", f"{way.time_ratio:.2f}", f"{way.core_ms:.1f}"
        ways.add_row(way.name, *numbers)
    memory = report.peak_memory_bytes / 1e6
    process = f"the command, with all it loads: {report.command_s:.1f} s, {memory:.0f} MB at most"
    return stages, ways, process

"""Speed of keeping a person in place: the networks, alone and on batches, and every other stage."""

import dataclasses
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import NamedTuple

import av
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, UInt8

from dvs_jax import tflite, video
from dvs_jax.benchmarks.flow import moving_texture
from dvs_jax.benchmarks.report import Column, Report, Table, Value
from dvs_jax.progress import Track, silently
from dvs_jax.subject import (
    background,
    detector,
    landmarks,
    mask,
    mask_memory,
    mask_networks,
    networks,
    transform,
)
from dvs_jax.subject.drawing import Canvas
from dvs_jax.subject.networks import PoseNetworks
from dvs_jax.subject.orientation import Orientation
from dvs_jax.subject.region import Region
from dvs_jax.tflite import Network
from dvs_jax.timing import median_seconds
from dvs_jax.video import VideoInfo, VideoWriter
from dvs_jax.video.conversion import ToRgb, ToYuv
from dvs_jax.whole_file import scratch

SIZES = ((960, 540), (1920, 1080))
BATCH = 32

_FRAMES = 12
_REPEATS = 5
_ENOUGH_SECONDS = 5.0

_NETWORK_COLUMNS = (
    Column("network"),
    Column("numbers"),
    Column("frames at once", "d"),
    Column("ms a frame", ".2f"),
)

Pictures = UInt8[Array, "frame rows columns 3"]


class Networks(NamedTuple):
    """All of them.

    Attributes:
        pose: BlazePose.
        general: a model for selfies.
        landscape: likewise, of oblong pictures.
    """

    pose: PoseNetworks
    general: Network
    landscape: Network


def measure(models: Path | None, track: Track = silently) -> Report:
    """Time the networks, and the stages of a run.

    Args:
        models: folder of published files; None to download what is not in the cache.
        track: reports the progress.

    Raises:
        InputError: a model cannot be had or read.
    """
    loaded = Networks(
        networks.load_pose("full", models),
        networks.load_mask("general", models),
        networks.load_mask("landscape", models),
    )
    cases = _cases(loaded)
    timed = [case.timed(BATCH) for case in track(cases, len(cases), "timing networks")]
    device = jax.devices()[0].device_kind
    title = f"networks on {device}, pictures of {SIZES[0][0]} × {SIZES[0][1]}"
    return Report(
        "subject",
        (
            Table(title, _NETWORK_COLUMNS, tuple(timed), drawn=("ms a frame",)),
            _stages(loaded.pose, track),
        ),
        details={"batch": BATCH},
    )


class _Case(NamedTuple):
    """A way to run a network.

    Attributes:
        name: of the network.
        run: takes the network, pictures and regions.
        network: what is run.
        dtype: in which.
        is_batch: whether all pictures are given at once.
    """

    name: str
    run: Callable[[Network, Pictures, Region], object]
    network: Network
    dtype: jax.typing.DTypeLike
    is_batch: bool

    def timed(self, batch: int) -> tuple[str, str, int, float]:
        """Return a row of the table."""
        count = batch if self.is_batch else 1
        weights = tflite.cast(self.network.weights, self.dtype)
        network = dataclasses.replace(self.network, weights=weights)
        pictures = jnp.asarray(np.stack(moving_texture(count, *SIZES[0][::-1])))
        run = partial(self.run, network, pictures, _regions(count, SIZES[0]))
        seconds = _seconds(lambda: jax.block_until_ready(run()))
        return self.name, jnp.dtype(self.dtype).name, count, 1e3 * seconds / count


def _cases(loaded: Networks) -> list[_Case]:
    """Return what to time; processors have no bfloat16 of their own."""
    named: list[tuple[str, Callable[[Network, Pictures, Region], object], Network]] = [
        (
            "detector",
            lambda network, seen, _: detector.candidates(network, seen),
            loaded.pose.detector,
        ),
        ("points", landmarks.poses, loaded.pose.landmarks),
        ("points and mask", landmarks.poses_and_masks, loaded.pose.landmarks),
        ("selfie general", mask_networks.masks, loaded.general),
        ("selfie landscape", mask_networks.masks, loaded.landscape),
    ]
    ways = [(jnp.float32, False), (jnp.float32, True)]
    if jax.default_backend() != "cpu":
        ways.append((jnp.bfloat16, True))
    return [_Case(*each, *way) for each in named for way in ways]


def _regions(count: int, size: tuple[int, int]) -> Region:
    """Return a square in the middle, for each picture."""
    center = jnp.tile(jnp.asarray([[size[0] / 2, size[1] / 2]], jnp.float32), (count, 1))
    return Region(center, jnp.full(count, 0.6 * size[1]), jnp.zeros(count))


def _stages(pose: PoseNetworks, track: Track) -> Table:
    columns = [
        dict(_timed_stages(pose, size)) for size in track(SIZES, len(SIZES), "timing stages")
    ]
    names = tuple(f"ms a frame, {width} × {height}" for width, height in SIZES)
    rows: list[tuple[Value, ...]] = [
        (name, *(column[name] for column in columns)) for name in columns[0]
    ]
    title = "stages, one after the other; in a run they work side by side"
    return Table(
        title, (Column("stage"), *(Column(name, ".2f") for name in names)), tuple(rows), drawn=names
    )


def _timed_stages(pose: PoseNetworks, size: tuple[int, int]) -> Iterator[tuple[str, float]]:
    """Yield each stage's name and its median milliseconds a frame."""
    pictures = np.stack(moving_texture(_FRAMES, *size[::-1]))
    with scratch() as folder:
        film = folder / "film.mp4"
        to_yuv = ToYuv(_info(film, size).color)
        stored = [to_yuv(each) for each in pictures]

        def encode() -> None:
            with VideoWriter(film, _info(film, size), *size, 20, "superfast") as writer:
                for index, picture in enumerate(stored):
                    writer.write_picture(picture, index * 33_000_000)

        yield "encoding", 1e3 * _seconds(encode) / _FRAMES
        decoding = _seconds(lambda: [None for _ in video.read_pictures(film)])
        yield "decoding", 1e3 * decoding / _FRAMES
    to_rgb, frame = ToRgb(film), stored[0]
    yield "to RGB", 1e3 * _seconds(lambda: to_rgb(frame))
    one, region = jnp.asarray(pictures[:1]), _regions(1, size)
    for name, run in _network_stages(pose, one, region).items():
        yield name, 1e3 * _seconds(lambda run=run: jax.block_until_ready(run()))  # type: ignore[misc]
    for name, draw in _drawing_stages(frame, size).items():
        yield name, 1e3 * _seconds(draw)


def _network_stages(
    pose: PoseNetworks, pictures: Pictures, region: Region
) -> dict[str, Callable[[], object]]:
    seen = jax.tree.map(lambda each: each[0], mask.outline(pose.landmarks, pictures, region))
    square = jax.tree.map(lambda each: each[0], region)
    before = mask_memory.nothing(seen.mask.shape[0])
    at, time_s = jnp.zeros(2), jnp.float32(0.1)
    return {
        "detector": lambda: detector.candidates(pose.detector, pictures),
        "points": lambda: landmarks.poses(pose.landmarks, pictures, region),
        "points, and the mask along edges": lambda: mask.outline(pose.landmarks, pictures, region),
        "mask with the one before": lambda: mask_memory.following(before, seen, square, at, time_s),
    }


def _drawing_stages(frame: av.VideoFrame, size: tuple[int, int]) -> dict[str, Callable[[], object]]:
    width, height = size
    square = jax.tree.map(lambda each: np.asarray(each[0]), _regions(1, size))
    small = np.random.default_rng(0).random((256, 256), np.float32)
    whole = mask_networks.enlarged(small, square, width, height)
    canvas = Canvas(Orientation(0, False), size, size)
    moved = transform.forward(np.array([0.4 * width, 0.5 * height]), np.array(size) / 2.0)
    black = background.parse("remove", _info(Path("film.mp4"), size))
    assert black is not None
    return {
        "mask to the picture's size": lambda: mask_networks.enlarged(small, square, width, height),
        "background removed": lambda: background.replaced(frame, whole, black),
        "background blurred": lambda: background.replaced(frame, whole, background.blurred),
        "drawing": lambda: canvas.draw(frame, moved),
    }


def _info(path: Path, size: tuple[int, int]) -> VideoInfo:
    time_ns = np.arange(_FRAMES, dtype=np.int64) * 33_000_000
    return VideoInfo(path, *size, Fraction(30), time_ns, rotation=0, has_audio=False)


def _seconds(run: Callable[[], object]) -> float:
    return median_seconds(run, _REPEATS, _ENOUGH_SECONDS)

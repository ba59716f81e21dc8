"""The metrics of stabilised videos against their input.

Frames are streamed through pipeline stages in threads: they are decoded and resized, their features
and their motion are found once, several frames at a time, and matched in order.
"""

import itertools
import logging
import math
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Int, UInt8

from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath
from dvs_jax.errors import InputError
from dvs_jax.metrics.features import Picture, View, look_at, shrink
from dvs_jax.metrics.row import Row
from dvs_jax.metrics.table import Metrics, MetricsTable
from dvs_jax.stages import Stages, one_opencv_thread

logger = logging.getLogger("dvs_jax")

_THREADS = min(4, os.cpu_count() or 1)
"""Threads that find features; each takes 80 MB for SIFT's Gaussian pyramid."""

Pictures = Sequence[Picture]
"""A frame of the input and that of each output, which may be the same object."""


def measure(
    inputs: Iterable[UInt8[np.ndarray, "height width 3"]],
    outputs: Iterable[UInt8[np.ndarray, "height width 3"]],
    time_ns: Int[np.ndarray, "frame"],
    camera: Camera,
    paths: tuple[CameraPath, CameraPath] | None = None,
    cropped: Iterable[UInt8[np.ndarray, "height width 3"]] | None = None,
    kept: float = 1.0,
) -> MetricsTable:
    """Compute the metrics of a stabilised video against its input.

    All are read once, side by side, to the end of the shortest one. Frames may have any size,
    which may differ between the two; each is resized to 640 × 480 (bilinear, as in the official
    program).

    Args:
        inputs: the unstabilised frames, RGB.
        outputs: the stabilised frames, RGB, frame by frame those of `inputs`. May be `inputs`.
        time_ns: int64 [frame], increasing, when the frames were taken; those beyond the shorter
            video are not used. It and `camera` are for `image_path`, and unused with `paths`.
        camera: of the video.
        paths: the real and the virtual camera's path, from which the input's and the output's
            jitter and jerk then come. Without them they come from `image_path`, for both rows.
        cropped: the output as it is watched, if that is not `outputs` itself: its shake, sharpness
            and flow are measured.
        kept: the central fraction of the width and height of `outputs` that `cropped` shows, and of
            `inputs` that is compared with it.

    Returns:
        The input's and the output's row.

    Raises:
        InputError: there is no frame, a frame is not uint8 RGB, there are more frames than times,
            or times do not increase.
    """
    watching = _mean_rate(time_ns), camera.focal_length[0] / kept
    with Stages() as stages, one_opencv_thread():
        sources = stages.run("reading the input", _all_shrunk(inputs, "input", kept))
        if outputs is inputs:
            # Two iterations over one stream would each get only some of its frames.
            pictures: Iterator[Pictures] = ((picture, picture) for picture in sources)
        else:
            targets = _all_shrunk(outputs, "output", 1.0, cropped)
            pictures = _pairs(sources, stages.run("reading the output", targets))
        input_row, output_row = _rows(pictures, stages, *watching, kept)
    if paths is None:
        paths = input_row.image_path(time_ns, camera), output_row.image_path(time_ns, camera)
    return MetricsTable(input_row.summary(paths[0]), output_row.summary(paths[1]))


def measure_each(
    frames: Iterable[
        tuple[UInt8[np.ndarray, "height width 3"], Sequence[UInt8[np.ndarray, "height width 3"]]]
    ],
    time_ns: Int[np.ndarray, "frame"],
    camera: Camera,
    output_camera: Camera,
    kept: float = 1.0,
) -> tuple[Metrics, list[Metrics]]:
    """Compute the metrics of several stabilised videos against their input, read once.

    Jitter and jerk are those of `image_path`.

    Args:
        frames: each unstabilised frame, RGB, with the same frame of each stabilised video.
        time_ns: int64 [frame], increasing, when the frames were taken.
        camera: of the unstabilised video.
        output_camera: of the others: a crop that is scaled back increases the focal length.
        kept: the central fraction of the input's width and height that a still output would show,
            through which shake, sharpness and flow of the input are measured.

    Returns:
        The input's row, and each output's.

    Raises:
        InputError: as `measure`.
    """
    watching = _mean_rate(time_ns), output_camera.focal_length[0]
    with Stages() as stages, one_opencv_thread():
        shrunk = map(partial(_shrunk, kept), itertools.count(), frames)
        pictures = stages.run("reading the frames to measure", shrunk)
        input_row, *output_rows = _rows(pictures, stages, *watching, 1.0)
    before = input_row.summary(input_row.image_path(time_ns, camera))
    after = [row.summary(row.image_path(time_ns, output_camera)) for row in output_rows]
    return before, after


def _mean_rate(time_ns: Int[np.ndarray, "frame"]) -> float:
    """Return the frames per second; NaN where the times tell none."""
    last = len(time_ns) - 1
    duration_ns = int(time_ns[-1] - time_ns[0]) if last > 0 else 0
    return last * 1e9 / duration_ns if duration_ns > 0 else math.nan


def _rows(
    frames: Iterable[Pictures], stages: Stages, rate: float, focal_length: float, shown: float
) -> list[Row]:
    """Return the input's row and each output's.

    Args:
        frames: to measure.
        stages: to run in.
        rate: frames per second.
        focal_length: of the camera that sees what is watched, as a fraction of its width.
        shown: the central fraction of the outputs' width and height that is watched.
    """
    rows: list[Row] = []
    for source, *targets in stages.run("finding features", _with_features(frames)):
        outputs = (Row(rate, focal_length, shown) for _ in targets)
        rows = rows or [Row(rate, focal_length), *outputs]
        for row, target in zip(rows, (source, *targets), strict=True):
            row.add(source, target)
    if not rows:
        raise InputError("there is no frame to measure: the input or the output video is empty")
    return rows


def _with_features(frames: Iterable[Pictures]) -> Iterator[list[View]]:
    """Yield the pictures with their features and motion, found in several threads, in order."""
    begun: deque[list[Future[View]]] = deque()
    earlier: Sequence[Picture | None] = ()
    with ThreadPoolExecutor(_THREADS, "features") as pool:
        for pictures in frames:
            begun.append(_begin(pool, pictures, earlier or (None,) * len(pictures)))
            earlier = pictures
            if len(begun) > _THREADS:
                yield [each.result() for each in begun.popleft()]
        while begun:
            yield [each.result() for each in begun.popleft()]


def _begin(
    pool: ThreadPoolExecutor, pictures: Pictures, earlier: Sequence[Picture | None]
) -> list["Future[View]"]:
    view = pool.submit(look_at, pictures[0], earlier[0])
    return [
        view if picture is pictures[0] else pool.submit(look_at, picture, before)
        for picture, before in zip(pictures, earlier, strict=True)
    ]


def _pairs(sources: Iterator[Picture], targets: Iterator[Picture]) -> Iterator[Pictures]:
    for index, (source, target) in enumerate(itertools.zip_longest(sources, targets)):
        if source is None or target is None:
            longer, shorter = ("output", "input") if source is None else ("input", "output")
            logger.warning(
                "The %s has only %d frames; the rest of the %s is not measured.",
                shorter,
                index,
                longer,
            )
            return
        yield source, target


def _all_shrunk(
    frames: Iterable[Any], name: str, kept: float, cropped: Iterable[Any] | None = None
) -> Iterator[Picture]:
    watched = itertools.repeat(None) if cropped is None else cropped
    for index, (frame, shown) in enumerate(zip(frames, watched, strict=False)):
        yield shrink(frame, f"frame {index} of the {name}", shown, kept)


def _shrunk(kept: float, index: int, frame: tuple[Any, Sequence[Any]]) -> list[Picture]:
    source, targets = frame
    picture = shrink(source, f"frame {index} of the input", kept=kept)
    name = f"frame {index} of the output"
    same = kept == 1.0
    return [
        picture,
        *(picture if same and each is source else shrink(each, name) for each in targets),
    ]

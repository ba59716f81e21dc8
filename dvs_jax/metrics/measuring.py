"""The metrics of stabilised videos against their input.

Frames are streamed through pipeline stages in threads: they are decoded and resized, their features
are found once, several frames at a time, and matched in order.
"""

import itertools
import logging
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from jaxtyping import Int, UInt8

from dvs_jax.camera import Camera
from dvs_jax.camera_path import CameraPath
from dvs_jax.errors import InputError
from dvs_jax.metrics.features import Picture, View, find_features, shrink
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
) -> MetricsTable:
    """Compute the metrics of a stabilised video against its input.

    Both are read once, side by side, to the end of the shorter one. Frames may have any size,
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

    Returns:
        The input's and the output's row.

    Raises:
        InputError: there is no frame, a frame is not uint8 RGB, there are more frames than times,
            or times do not increase.
    """
    with Stages() as stages, one_opencv_thread():
        input_row, output_row = _rows(_side_by_side(inputs, outputs, stages), stages)
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
) -> tuple[Metrics, list[Metrics]]:
    """Compute the metrics of several stabilised videos against their input, read once.

    Jitter and jerk are those of `image_path`.

    Args:
        frames: each unstabilised frame, RGB, with the same frame of each stabilised video.
        time_ns: int64 [frame], increasing, when the frames were taken.
        camera: of the unstabilised video.
        output_camera: of the others: a crop that is scaled back increases the focal length.

    Returns:
        The input's row, and each output's.

    Raises:
        InputError: as `measure`.
    """
    with Stages() as stages, one_opencv_thread():
        pictures = stages.run(
            "reading the frames to measure", map(_shrunk, itertools.count(), frames)
        )
        input_row, *output_rows = _rows(pictures, stages)
    before = input_row.summary(input_row.image_path(time_ns, camera))
    after = [row.summary(row.image_path(time_ns, output_camera)) for row in output_rows]
    return before, after


def _rows(frames: Iterable[Pictures], stages: Stages) -> list[Row]:
    """Return the input's row and each output's."""
    rows: list[Row] = []
    for source, *targets in stages.run("finding features", _with_features(frames)):
        rows = rows or [Row() for _ in range(1 + len(targets))]
        for row, target in zip(rows, (source, *targets), strict=True):
            row.add(source, target)
    if not rows:
        raise InputError("there is no frame to measure: the input or the output video is empty")
    return rows


def _with_features(frames: Iterable[Pictures]) -> Iterator[list[View]]:
    """Yield the pictures with their features, found in several threads, in order."""
    begun: deque[list[Future[View]]] = deque()
    with ThreadPoolExecutor(_THREADS, "features") as pool:
        for source, *targets in frames:
            begun.append(_begin(pool, source, targets))
            if len(begun) > _THREADS:
                yield [each.result() for each in begun.popleft()]
        while begun:
            yield [each.result() for each in begun.popleft()]


def _begin(pool: ThreadPoolExecutor, source: Picture, targets: Pictures) -> list["Future[View]"]:
    view = pool.submit(find_features, source)
    return [view] + [
        view if each is source else pool.submit(find_features, each) for each in targets
    ]


def _side_by_side(
    inputs: Iterable[Any], outputs: Iterable[Any], stages: Stages
) -> Iterator[Pictures]:
    sources = stages.run("reading the input", _all_shrunk(inputs, "input"))
    if outputs is inputs:
        # Two iterations over one stream would each get only some of its frames.
        return ((picture, picture) for picture in sources)
    return _pairs(sources, stages.run("reading the output", _all_shrunk(outputs, "output")))


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


def _all_shrunk(frames: Iterable[Any], name: str) -> Iterator[Picture]:
    return (shrink(frame, f"frame {index} of the {name}") for index, frame in enumerate(frames))


def _shrunk(index: int, frame: tuple[Any, Sequence[Any]]) -> list[Picture]:
    source, targets = frame
    picture = shrink(source, f"frame {index} of the input")
    name = f"frame {index} of the output"
    return [picture, *(picture if each is source else shrink(each, name) for each in targets)]

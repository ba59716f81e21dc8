"""Interlaced frames, made of two fields that were taken one after the other."""

from collections import deque
from collections.abc import Iterator

import av
from av.filter import Graph

FILTER = "bwdif"
"""Of FFmpeg; yadif's interpolation in time with w3fdif's between rows."""


def deinterlaced(frames: Iterator[av.VideoFrame | None]) -> Iterator[av.VideoFrame | None]:
    """Yield frames with the second field, which is later, replaced by what the first suggests.

    Frames that are not interlaced stay as they are, and so do the places of lost ones, None.
    """
    graph: Graph | None = None
    waiting: deque[bool] = deque()  # which of those that the filter holds are frames
    for frame in frames:
        if graph is None and frame is not None and frame.interlaced_frame:
            graph = _graph_for(frame)
        if graph is None:
            yield frame
            continue
        waiting.append(frame is not None)
        if frame is not None:
            graph.push(frame)
            yield from _ready(graph, waiting)
    if graph is not None:
        graph.push(None)
        yield from _ready(graph, waiting)
        yield from [None] * len(waiting)


def _graph_for(frame: av.VideoFrame) -> Graph:
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
    )
    graph.link_nodes(
        source,
        graph.add(FILTER, mode="send_frame", deint="interlaced"),
        graph.add("buffersink"),
    ).configure()
    return graph


def _ready(graph: Graph, waiting: deque[bool]) -> Iterator[av.VideoFrame | None]:
    while True:
        try:
            done = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        assert isinstance(done, av.VideoFrame)
        while not waiting.popleft():
            yield None
        yield done

"""OpenCV's own threads, while stages run beside one another."""

import contextlib
from collections.abc import Iterator

import cv2


@contextlib.contextmanager
def one_opencv_thread() -> Iterator[None]:
    """Let OpenCV compute in the thread that calls it.

    Its own would divide each picture among all cores, which the other stages keep busy already, and
    spend more time waiting for one another than they save.
    """
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)

"""A clip's key points and flow as pictures: `flow_pictures/` with `features/`, `u/` and `v/`."""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from dvs_jax.errors import InputError
from dvs_jax.flow import key_points
from dvs_jax.flow.flow_folder import FlowFolder
from dvs_jax.flow.key_points import Detector
from dvs_jax.flow.picture import component
from dvs_jax.whole_file import replacing

NAME = "flow_pictures"

FEATURES, ACROSS, DOWN = "features", "u", "v"

Image = UInt8[np.ndarray, "height width 3"] | UInt8[np.ndarray, "height width"]


def write(frames: Iterable[Image], flow: FlowFolder, detector: Detector) -> Iterator[int]:
    """Write the pictures of a clip beside its flow files: all, or none.

    `features/000000.jpg` has a frame's key points; `u/000000.jpg` and `v/000000.jpg` are the flow
    from that frame to the next, to the right and down, in pixels of the frame (see `component`).

    Args:
        frames: all of the clip's, uint8 RGB [height, width, 3].
        flow: the clip's complete flow files.
        detector: of the key points.

    Yields:
        The index of each frame once its pictures are made.

    Raises:
        InputError: a flow file cannot be read, or the folder cannot be written or holds something
            else.
    """
    folder = flow.clip / NAME
    _require_own(folder)
    pairs = len(flow)
    with replacing(folder) as part:
        for each in (FEATURES, ACROSS, DOWN):
            (part / each).mkdir(parents=True)
        for index, frame in enumerate(frames):
            _write(part / FEATURES, index, key_points.drawn(frame, detector))
            if index < pairs:
                moved = flow.read(index).forward * _scale(frame, flow)
                _write(part / ACROSS, index, component(moved[..., 0]))
                _write(part / DOWN, index, component(moved[..., 1]))
            yield index
        if folder.exists():
            shutil.rmtree(folder)


def _require_own(folder: Path) -> None:
    found = {each.name for each in folder.iterdir()} if folder.is_dir() else set()
    is_other = folder.is_symlink() or (folder.exists() and not folder.is_dir())
    if is_other or not found <= {FEATURES, ACROSS, DOWN}:
        raise InputError(
            f"{folder}: the pictures would replace it, and it is not of an earlier run; move it "
            "away"
        )


def _scale(frame: Image, flow: FlowFolder) -> np.ndarray:
    """Return the frame's size by the flow's, float32 (x, y)."""
    sizes = zip(frame.shape[:2], flow.size, strict=True)
    down, across = (of_frame / of_flow for of_frame, of_flow in sizes)
    return np.array([across, down], np.float32)


def _write(folder: Path, index: int, image: Image) -> None:
    stored = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, coded = cv2.imencode(".jpg", stored)
    (folder / f"{index:06d}.jpg").write_bytes(coded.tobytes())

"""Pictures to steady: a camera moves over a plane that has detail everywhere."""

import cv2
import numpy as np

SIZE = (96, 54)
"""Width and height of small pictures, which are quick to compare."""


def filmed(centre: np.ndarray, seed: int = 0, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Film a plane.

    Args:
        centre: of the pictures, [frame, 2], x and y in widths of a picture.
        seed: of the plane's texture.
        size: width and height of the pictures.

    Returns:
        float32 [frame, height, width], grey, 0 to 1.
    """
    pixels = (centre - centre.min(axis=0)) * size[0] + np.array(size) / 2 + 4.0
    across, down = np.ceil(pixels.max(axis=0) + np.array(size) / 2 + 4.0).astype(int)
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(down, across)).astype(np.float32)
    rough, fine = (cv2.GaussianBlur(noise, (0, 0), sigma) * sigma for sigma in (4.0, 1.5))
    plane = np.clip(0.5 + 0.15 * (rough + fine), 0.0, 1.0).astype(np.float32)
    return np.stack([cv2.getRectSubPix(plane, size, tuple(map(float, each))) for each in pixels])


def shake(frames: int, size: float, seed: int = 0) -> np.ndarray:
    """Return a hand's shake above 2 Hz at 30 frames a second: [frame, 2], RMS `size` in widths."""
    found = slow_and_fast(np.random.default_rng(seed).normal(size=(frames, 2)))[1]
    return size * found / found.std(axis=0)


def slow_and_fast(path: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split a path [frame, 2] at 30 frames a second into what a mean over half a second keeps."""
    width = 15
    around = np.pad(path, ((width // 2, width // 2), (0, 0)), "reflect", reflect_type="odd")
    slow = np.stack([np.convolve(axis, np.ones(width) / width, "valid") for axis in around.T], -1)
    return slow, path - slow

"""Frames whose flow is known exactly: a smooth texture seen through homographies."""

import cv2
import numpy as np


def textured_frame(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Noise at three scales, less of it in the colours, uint8 RGB [height, width, 3]."""
    generator = np.random.default_rng(seed)
    noise = generator.standard_normal((3, height, width, 1))
    noise = noise + 0.3 * generator.standard_normal((3, height, width, 3))
    layers = [
        cv2.GaussianBlur(layer, (0, 0), sigma) * sigma
        for layer, sigma in zip(noise, (1.5, 4.0, 12.0), strict=True)
    ]
    image = sum(layers)
    low, high = np.percentile(image, [1, 99])
    return np.clip((image - low) / (high - low) * 255, 0, 255).astype(np.uint8)


def homography_flow(homography: np.ndarray, height: int, width: int) -> np.ndarray:
    """Where a homography takes each pixel, less the pixel: [height, width, 2], (dx, dy)."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    moved = cv2.perspectiveTransform(np.dstack([x, y]), homography)
    return (moved - np.dstack([x, y])).astype(np.float32)

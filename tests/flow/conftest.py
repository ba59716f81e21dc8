"""Two frames of a moving texture."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from .textures import textured_frame


@pytest.fixture(scope="session")
def moved_pair() -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Two frames [272, 480, 3] of one texture, the second seen through a homography."""
    margin = 60
    world = textured_frame(272 + 2 * margin, 480 + 2 * margin)
    shift = np.array([[1.0, 0, margin], [0, 1, margin], [0, 0, 1]])

    def make(homography: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        first = cv2.warpPerspective(world, shift, (480, 272), flags=flags)
        second = cv2.warpPerspective(
            world, shift @ np.linalg.inv(homography), (480, 272), flags=flags
        )
        return first, second

    return make


@pytest.fixture(scope="session")
def shake() -> np.ndarray:
    """A hand's jerk: 8 px across, 6 px up, half a degree of roll, and a slight keystone."""
    angle = np.deg2rad(0.5)
    return np.array(
        [
            [np.cos(angle), -np.sin(angle), 8.0],
            [np.sin(angle), np.cos(angle), -6.0],
            [1e-5, 0.0, 1.0],
        ]
    )

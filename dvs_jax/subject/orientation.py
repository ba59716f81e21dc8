"""How a video's stored pictures are turned to be upright, and points with them."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Shaped, UInt8

from dvs_jax.video import VideoInfo


class Orientation(NamedTuple):
    """How pictures are stored.

    Attributes:
        quarters: of a turn, counter-clockwise, after which a stored picture is upright.
        mirrored: whether it is mirrored left to right after that.
    """

    quarters: int
    mirrored: bool

    def size(self, stored: tuple[int, int]) -> tuple[int, int]:
        """Return the upright width and height of a stored one, and the other way round."""
        return stored[::-1] if self.quarters % 2 else stored

    def upright(
        self, stored: UInt8[np.ndarray, "rows columns 3"]
    ) -> UInt8[np.ndarray, "height width 3"]:
        """Return a picture as it is shown."""
        turned = np.rot90(stored, self.quarters)
        return np.ascontiguousarray(turned[:, ::-1] if self.mirrored else turned)

    def stored(
        self, upright: Shaped[np.ndarray, "height width *channel"]
    ) -> Shaped[np.ndarray, "rows columns *channel"]:
        """Return an upright picture as it is stored."""
        turned = upright[:, ::-1] if self.mirrored else upright
        return np.ascontiguousarray(np.rot90(turned, -self.quarters))

    def matrix(self, stored: tuple[int, int]) -> Float[np.ndarray, "3 3"]:
        """Return what takes stored pixels (x, y, 1) to upright ones.

        Args:
            stored: width and height of a stored picture.
        """
        right, down = stored[0] - 1.0, stored[1] - 1.0
        turned = np.array(
            [
                [[1, 0, 0], [0, 1, 0]],
                [[0, 1, 0], [-1, 0, right]],
                [[-1, 0, right], [0, -1, down]],
                [[0, -1, down], [1, 0, 0]],
            ]
        )[self.quarters]
        whole = np.concatenate([turned, [[0.0, 0.0, 1.0]]])
        if self.mirrored:
            across = self.size(stored)[0] - 1.0
            whole = np.array([[-1.0, 0.0, across], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]) @ whole
        return whole


def orientation_of(info: VideoInfo) -> Orientation:
    """Return how a video's pictures are stored."""
    return Orientation(round(info.rotation / 90) % 4, info.mirrored)

"""How a person's torso moves from frame to frame, told by the pictures alone.

It is the neutral measure of what a viewer sees of the person's shake: no pose is in it but for
where to look.
"""

from collections.abc import Iterable, Iterator

import av
import cv2
import numpy as np
from jaxtyping import Float, Int, UInt8

from dvs_jax.subject import pose as poses_of
from dvs_jax.subject.orientation import Orientation
from dvs_jax.subject.pose import HEAD, HIPS, SHOULDERS, Poses
from dvs_jax.video.picture import planes

USUAL_TORSO = 80.0
"""Pixels to which larger torsos are reduced."""

_WINDOW = (0.35, 0.5)
"""Half the width and height of the part of a torso whose flow counts, in torsos."""

_HEAD = (0.2, 0.2)
"""Likewise of the head, for which it is measured where that is kept in place."""

_BESIDE = 0.35
"""Torsos around it that are looked at too."""

_SMALLEST = 8
"""Pixels across and down that have to be within both pictures."""

Window = tuple[slice, slice]


class TorsoFlow:
    """Measures one person's flow as pictures pass.

    Attributes:
        flow: float64 [frame, 2], (x, y) in upright pixels from the frame before to this one at the
            torso, the mean of forwards and minus backwards; NaN where unknown.
        doubt: float64 [frame], half the distance between these two, in pixels.
        place: float64 [frame, 2], the torso's middle; NaN where unknown.
    """

    def __init__(
        self,
        pose: Poses,
        frame: Int[np.ndarray, " sighting"],
        count: int,
        orientation: Orientation,
        stored: tuple[int, int],
        of_head: bool = False,
    ):
        """Begin before the first picture.

        Args:
            pose: the person's, with a leading axis for the sighting.
            frame: the frame of each.
            count: of the clip's frames.
            orientation: of the stored pictures.
            stored: their width and height.
            of_head: whether the head is looked at, and not the torso.
        """
        self.flow, self.doubt = np.full((count, 2), np.nan), np.full(count, np.nan)
        self.place = np.full((count, 2), np.nan)
        self.place[frame] = poses_of.middle(pose, HEAD if of_head else (*SHOULDERS, *HIPS))
        self._window = np.array(_HEAD if of_head else _WINDOW)
        self._torso = float(np.median(poses_of.torso(pose)))
        self._to_upright = orientation.matrix(stored)
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def watched(self, stored: Iterable[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        """Pass stored pictures on, from the clip's first, and measure the flow between them."""
        before: av.VideoFrame | None = None
        for index, picture in enumerate(stored):
            if before is not None and index < len(self.flow):
                self._measure(index, before, picture)
            before = picture
            yield picture

    def _measure(self, index: int, before: av.VideoFrame, after: av.VideoFrame) -> None:
        ends = self.place[index - 1 : index + 1]
        if not np.isfinite(ends).all():
            return
        inverse = np.linalg.inv(self._to_upright)
        stored = ends @ inverse[:2, :2].T + inverse[:2, 2]
        shift = np.rint(stored[1] - stored[0]).astype(int)
        half = np.abs(inverse[:2, :2] @ self._window) * self._torso
        pair = planes(before)[0], planes(after)[0]
        seen = _windows(stored[0], half + _BESIDE * self._torso, shift, pair[0].shape)
        if seen is None:
            return
        luma = [_eight_bits(plane[window]) for plane, window in zip(pair, seen, strict=True)]
        corner = np.array([seen[0][1].start, seen[0][0].start])
        inner = stored[0] - half - corner, stored[0] + half - corner
        forth, back = self._flows(luma[0], luma[1], inner)
        flow = (forth - back) / 2.0 + shift
        self.flow[index] = self._to_upright[:2, :2] @ flow
        self.doubt[index] = np.linalg.norm(forth + back) / 2.0

    def _flows(
        self,
        before: UInt8[np.ndarray, "rows columns"],
        after: UInt8[np.ndarray, "rows columns"],
        inner: tuple[Float[np.ndarray, "2"], Float[np.ndarray, "2"]],
    ) -> tuple[Float[np.ndarray, "2"], Float[np.ndarray, "2"]]:
        """Return the median flow forwards and backwards within a part of two windows."""
        scale = min(USUAL_TORSO / self._torso, 1.0)
        size = [max(round(side * scale), _SMALLEST) for side in before.shape[::-1]]
        one, two = (
            cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (before, after)
        )
        low = np.clip(np.floor(inner[0] * scale).astype(int), 0, np.array(size) - 1)
        high = np.clip(np.ceil(inner[1] * scale).astype(int), low + 1, size)
        part = slice(low[1], high[1]), slice(low[0], high[0])
        flows = [self._dis.calc(*pair, None) for pair in ((one, two), (two, one))]  # type: ignore[call-overload]
        forth, back = (np.median(each[part].reshape(-1, 2), axis=0) for each in flows)
        by = np.array(before.shape[::-1]) / size
        return forth * by, back * by


def _windows(
    center: Float[np.ndarray, "2"],
    half: Float[np.ndarray, "2"],
    shift: Int[np.ndarray, "2"],
    shape: tuple[int, ...],
) -> tuple[Window, Window] | None:
    """Return the window of the first picture and the shifted one of the second, within both."""
    size = np.array(shape[::-1])
    low = np.maximum(np.floor(center - half).astype(int), np.maximum(0, -shift))
    high = np.minimum(np.ceil(center + half).astype(int), np.minimum(size, size - shift))
    if (high - low < _SMALLEST).any():
        return None
    first, second = (
        (slice(corner[1], end[1]), slice(corner[0], end[0]))
        for corner, end in ((low, high), (low + shift, high + shift))
    )
    return first, second


def _eight_bits(plane: np.ndarray) -> UInt8[np.ndarray, "rows columns"]:
    return np.ascontiguousarray(plane if plane.dtype == np.uint8 else (plane >> 2).astype(np.uint8))

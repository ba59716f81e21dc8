"""The second pass: each frame moved so that the person stays in place."""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

import av
import numpy as np
from jaxtyping import Float

from dvs_jax.subject import transform
from dvs_jax.subject.orientation import Orientation
from dvs_jax.subject.pose import Poses
from dvs_jax.video import picture as pictures
from dvs_jax.video.conversion import depth_of
from dvs_jax.warping import host

Fill = Literal["reflect", "replicate", "colour"]

Edit = Callable[[av.VideoFrame, Poses | None, int], av.VideoFrame]
"""Changes a picture before it is moved, as for another background: takes the stored picture, which
is not to be written to, the followed person's pose in the upright one (None where he was not seen)
and the frame's index; returns a picture of the same size and format."""


class Drawn(NamedTuple):
    """A drawn frame.

    Attributes:
        frame: its number.
        source: the input's picture, stored.
        result: the picture of the output, stored.
    """

    frame: int
    source: av.VideoFrame
    result: av.VideoFrame


class Canvas(NamedTuple):
    """What pictures are drawn on.

    Attributes:
        orientation: of input and output.
        source: stored width and height of the input.
        target: stored width and height of the output, even.
        fill: what is drawn beyond the input's edges.
        colour: Y, Cb and Cr in 8 bits, for `fill` "colour".
    """

    orientation: Orientation
    source: tuple[int, int]
    target: tuple[int, int]
    fill: Fill = "reflect"
    colour: tuple[int, int, int] = host.BLACK

    def draw(self, picture: av.VideoFrame, forward: Float[np.ndarray, "2 3"]) -> av.VideoFrame:
        """Return a stored picture, moved.

        Args:
            picture: of the input, one of `conversion.FORMATS`.
            forward: takes the upright input's pixels to the upright output's.
        """
        drawn = pictures.blank(self.target, depth_of(picture))
        lattice = lattice_of(self._backward(forward), self.target)
        border: host.Beyond = "black" if self.fill == "colour" else self.fill
        planes = pictures.planes(picture), pictures.planes(drawn)
        host.warp_planes(planes[0], lattice, border, planes[1], self.colour)
        return drawn

    def _backward(self, forward: Float[np.ndarray, "2 3"]) -> Float[np.ndarray, "2 3"]:
        """Return what takes the stored output's pixels to the stored input's."""
        before, after = (self.orientation.matrix(size) for size in (self.source, self.target))
        whole = np.concatenate([transform.inverse(forward), [[0.0, 0.0, 1.0]]])
        return (np.linalg.inv(before) @ whole @ after)[:2]


def lattice_of(
    backward: Float[np.ndarray, "2 3"], size: tuple[int, int]
) -> Float[np.ndarray, "row column 2"]:
    """Return the source positions of an output's lattice; see `warping.host.lattice_map`.

    Args:
        backward: takes the output's pixels to the source's.
        size: width and height of the output.
    """
    across, down = (
        (np.arange(-1, -(-length // host.LATTICE_STEP) + 1) + 0.5) * host.LATTICE_STEP - 0.5
        for length in size
    )
    places = np.stack(np.meshgrid(across, down), axis=-1)
    return (places @ backward[:, :2].T + backward[:, 2]).astype(np.float32)


def drawn(
    canvas: Canvas,
    stored: Iterable[av.VideoFrame],
    forward: Float[np.ndarray, "frame 2 3"],
    pose_at: Callable[[int], Poses | None],
    edit: Edit | None = None,
) -> Iterator[Drawn]:
    """Yield each frame, changed and moved.

    Args:
        canvas: what is drawn on.
        stored: the input's pictures in order.
        forward: see `Canvas.draw`, of each frame.
        pose_at: the followed person's pose in a frame.
        edit: what changes each picture first.
    """
    for index, (picture, matrix) in enumerate(zip(stored, forward, strict=False)):
        changed = picture if edit is None else edit(picture, pose_at(index), index)
        yield Drawn(index, picture, canvas.draw(changed, matrix))

"""What of the moved frames is shown: the window, and the zoom at which they cover it."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from dvs_jax.smoothing.giving_way import GivingWay
from dvs_jax.subject.settings import Framing

WIDENING_S = 4.0
"""Time constant in seconds with which a varying zoom goes back."""

_COVER_GRID = (33, 19)
"""Points across and down at which it is looked whether a frame covers the output."""


class Pull(NamedTuple):
    """How each frame is turned and scaled about the anchor.

    Attributes:
        anchor: float64 [frame, 2], (x, y) in the picture, pixels.
        scale: float64 [frame], s.
        roll: float64 [frame], φ in radians; see `transform.forward`.
    """

    anchor: Float[np.ndarray, "frame 2"]
    scale: Float[np.ndarray, " frame"]
    roll: Float[np.ndarray, " frame"]

    @property
    def back(self) -> Float[np.ndarray, "frame 2 2"]:
        """What turns and scales the output's differences to the picture's."""
        cosine, sine = np.cos(self.roll) / self.scale, np.sin(self.roll) / self.scale
        return np.stack([np.stack([cosine, -sine], -1), np.stack([sine, cosine], -1)], -2)


def window(
    target: Float[np.ndarray, "2"], crop: tuple[int, int] | None, size: tuple[int, int]
) -> Float[np.ndarray, "4"]:
    """Return what is shown of the moved frames: (left, top, right, bottom), outermost pixels.

    Args:
        target: (x, y), about which a crop lies; it does not leave the picture.
        crop: its width and height; None for all of the picture.
        size: the picture's width and height.
    """
    shown = np.array(size if crop is None else crop) - 1.0
    corner = np.clip(np.rint(target - shown / 2.0), 0.0, np.array(size) - 1.0 - shown)
    return np.concatenate([corner, corner + shown])


def needed_zoom(
    pull: Pull,
    target: Float[np.ndarray, "2"],
    shown: Float[np.ndarray, "4"],
    size: tuple[int, int],
) -> Float[np.ndarray, " frame"]:
    """Return the least factor, at least 1, at which each frame covers what is shown.

    For an upright frame of scale 1 that is all shown, with W and H its last pixel's place, it is
    max(t_x / a_x, (W − t_x) / (W − a_x), and the same for y): infinite for an anchor outside.

    Args:
        pull: of each frame.
        target: (x, y) to which the anchor goes.
        shown: see `window`.
        size: width and height of the picture.
    """
    reach = np.einsum("fij,cj->fci", pull.back, _corners(shown) - target)
    before = np.maximum(pull.anchor, 0.0)[:, None]
    after = np.maximum(np.array(size) - 1.0 - pull.anchor, 0.0)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = np.where(reach < 0.0, -reach / before, reach / after)
    needed = np.where(np.isnan(needed), 1.0, needed)
    return np.maximum(needed.max(axis=(1, 2)), 1.0)


def zoom(
    needed: Float[np.ndarray, " frame"],
    time_s: Float[np.ndarray, " frame"],
    framing: Framing,
    most: float,
) -> Float[np.ndarray, " frame"]:
    """Return the factor that each frame is enlarged by.

    Args:
        needed: see `needed_zoom`.
        time_s: of the frames.
        framing: see `Settings`.
        most: the largest factor.
    """
    if framing == "fixed":
        return np.full(len(needed), most)
    allowed = np.minimum(needed, most)
    if framing == "smallest":
        return np.full(len(needed), allowed.max())
    giving_way = GivingWay(np.inf, WIDENING_S)
    demand = np.log(allowed)
    lost = np.concatenate([giving_way.push(time_s, demand), giving_way.finish()])
    return np.minimum(np.exp(lost), most)


def targets_within(
    pull: Pull,
    target: Float[np.ndarray, "2"],
    shown: Float[np.ndarray, "4"],
    size: tuple[int, int],
) -> Float[np.ndarray, "frame 2"]:
    """Return the place nearest to the target at which each frame covers what is shown.

    Args: see `needed_zoom`; the pull's scale has the zoom in it.
    """
    back = pull.back
    corner = np.einsum("fij,cj->fci", back, _corners(shown))
    wanted = np.einsum("fij,j->fi", back, target)
    low = pull.anchor + corner.max(axis=1) - (np.array(size) - 1.0)
    high = pull.anchor + corner.min(axis=1)
    middle = (low + high) / 2.0
    low, high = np.minimum(low, middle), np.maximum(high, middle)
    held = np.clip(wanted, low, high)
    return np.linalg.solve(back, held[..., None])[..., 0]


def invented(
    backward: Float[np.ndarray, "frame 2 3"], shown: tuple[int, int], size: tuple[int, int]
) -> Float[np.ndarray, " frame"]:
    """Return the share of each frame's output that lies beyond the picture.

    Args:
        backward: takes the output's pixels to the picture's.
        shown: width and height of the output.
        size: of the picture.
    """
    across, down = (
        (np.arange(count) + 0.5) / count * length - 0.5
        for count, length in zip(_COVER_GRID, shown, strict=True)
    )
    point = np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2)
    last = np.array(size) - 0.5

    def of(some: Float[np.ndarray, "frame 2 3"]) -> Float[np.ndarray, " frame"]:
        source = np.einsum("fij,pj->fpi", some[..., :2], point) + some[:, None, :, 2]
        return 1.0 - ((source >= -0.5) & (source <= last)).all(axis=-1).mean(axis=-1)

    # Of all frames of a long clip at once the points would take a gigabyte.
    return np.concatenate([of(backward[at : at + 256]) for at in range(0, len(backward), 256)])


def _corners(shown: Float[np.ndarray, "4"]) -> Float[np.ndarray, "4 2"]:
    left, top, right, bottom = shown
    return np.array([(x, y) for x in (left, right) for y in (top, bottom)])

"""How much of the output is shown: which share of each axis, of every frame."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

import jax
import numpy as np
from jaxtyping import Float

from dvs_jax.methods import Frame
from dvs_jax.methods.along_path import processor
from dvs_jax.smoothing.giving_way import GivingWay
from dvs_jax.stabilization.spool import Spool
from dvs_jax.warping import coverage, grid

Framing = Literal["fixed", "varying", "smallest"]
"""All that the crop allows is cut off; or what is needed now, changing slowly; or what the worst
frame needs, for which all frames have to be known."""

WIDENING_S = 4.0
"""Time constant in seconds with which a varying picture widens again."""

LEADING_BACK_S = 0.4
"""How far ahead frames are looked at that leave the crop, in seconds."""

_FRAMES_AT_ONCE = 8

Seconds = Float[np.ndarray, "frame"]


class Shown(NamedTuple):
    """What is drawn of a frame.

    Attributes:
        frame: what its method tells, led back to the crop where it left it.
        kept: central share of the width and of the height that is shown.
    """

    frame: Frame
    kept: float


class Shares:
    """The shares that may be shown: within what a frame covers, never less than the crop leaves.

    Attributes:
        smallest: what is left where all is cut off that may be.
        covered: what every frame has to cover: a little more, for rounding.
    """

    def __init__(self, crop: float, size: tuple[int, int]):
        """Describe the limits.

        Args:
            crop: the most that may be cut off at each side, as a share of width and height.
            size: width and height of the frames in pixels.
        """
        # A pixel is taken off at each side, since the outermost ones blend with the border.
        self._margin = 2.0 / min(size)
        # In a tiny picture the margin can be all that is left.
        self.smallest = max(1.0 - 2.0 * crop - self._margin, self._margin)
        self.covered = min(self.smallest + self._margin / 2.0, 1.0)

    def of(self, kept: Float[np.ndarray, "frame"]) -> Float[np.ndarray, "frame"]:
        """Return the shares to show of frames that cover so much (see `coverage.kept_share`)."""
        return np.clip(kept - self._margin, self.smallest, 1.0)


def framed(
    framing: Framing,
    frames: Iterable[Frame],
    time_s: Seconds,
    shares: Shares,
    folder: Path | None = None,
) -> Iterator[Shown]:
    """Decide how much is shown of each frame, and lead back what leaves the crop.

    Args:
        framing: what decides.
        frames: of a clip; consumed as what is shown is taken. A varying picture looks a second
            ahead, the smallest crop at all of them.
        time_s: when each was taken, ascending.
        shares: what may be shown.
        folder: where grids are kept while the worst frame is looked for; None takes the system's
            folder for temporary files, which may lie in the memory.
    """
    within = led_back(frames, time_s, shares)
    if framing == "smallest":
        return _smallest(within, shares, folder)
    return _fixed(within, shares) if framing == "fixed" else _varying(within, time_s, shares)


def led_back(frames: Iterable[Frame], time_s: Seconds, shares: Shares) -> Iterator[Frame]:
    """Yield frames that cover what has to be covered, in order.

    A frame that leaves it is blended towards the frame as it is, which covers everything, by a
    factor that changes slowly: so any method holds any crop without borders.
    """
    giving_way = GivingWay(LEADING_BACK_S)
    waiting: list[Frame] = []
    start = 0
    for portion in _portions(frames):
        part = time_s[start : start + len(portion)]
        start += len(portion)
        waiting += portion
        lost = giving_way.push(part, 1.0 - _evaluated(coverage.furthest, portion, shares.covered))
        yield from map(_blended, waiting[: len(lost)], lost)
        waiting = waiting[len(lost) :]
    yield from map(_blended, waiting, giving_way.finish())


def kept_shares(frames: Iterable[Frame]) -> Float[np.ndarray, "frame"]:
    """Return how much of the output each frame covers (see `coverage.kept_share`)."""
    shares = [_evaluated(coverage.kept_share, portion) for portion in _portions(frames)]
    return np.concatenate([np.zeros(0), *shares])


def _portions(frames: Iterable[Frame]) -> Iterator[list[Frame]]:
    rest = iter(frames)
    while portion := list(islice(rest, _FRAMES_AT_ONCE)):
        yield portion


def _evaluated(
    measure: Callable[..., jax.Array], frames: list[Frame], *more: float
) -> Float[np.ndarray, "frame"]:
    """Return a number a frame, found on a full portion, so that one compiled size serves all."""
    filled = np.minimum(np.arange(_FRAMES_AT_ONCE), len(frames) - 1)
    sources = np.stack([frames[index].source for index in filled])
    with jax.default_device(processor()):
        found = np.asarray(measure(sources, *map(np.float32, more)))
    return found[: len(frames)].astype(np.float64)


def _blended(frame: Frame, lost: float) -> Frame:
    if lost <= 0.0:
        return frame
    if lost >= 1.0:
        rows, columns = frame.source.shape[:2]
        return frame._replace(source=grid.output_points(rows, columns).astype(np.float32))
    return frame._replace(source=grid.blend(frame.source, np.float32(1.0 - lost)))


def _fixed(frames: Iterable[Frame], shares: Shares) -> Iterator[Shown]:
    return (Shown(frame, shares.smallest) for frame in frames)


def _smallest(frames: Iterable[Frame], shares: Shares, folder: Path | None) -> Iterator[Shown]:
    with Spool(folder) as spool:
        kept = 1.0
        for portion in _portions(frames):
            spool.write(portion)
            kept = min(kept, _evaluated(coverage.kept_share, portion).min())
        share = float(shares.of(np.array([kept]))[0])
        yield from (Shown(frame, share) for frame in spool)


def _varying(frames: Iterable[Frame], time_s: Seconds, shares: Shares) -> Iterator[Shown]:
    narrowing = GivingWay(np.inf, WIDENING_S)
    waiting: list[Frame] = []
    start = 0
    for portion in _portions(frames):
        part = time_s[start : start + len(portion)]
        start += len(portion)
        waiting += portion
        lost = narrowing.push(part, 1.0 - shares.of(_evaluated(coverage.kept_share, portion)))
        yield from map(Shown, waiting[: len(lost)], (1.0 - lost).tolist())
        waiting = waiting[len(lost) :]
    yield from map(Shown, waiting, (1.0 - narrowing.finish()).tolist())

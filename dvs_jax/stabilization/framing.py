"""The crop of every frame: which central fraction of the uncropped output is shown."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice, starmap
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
"""The largest crop allowed, always; or the crop needed now, changing slowly; or the crop that the
worst frame needs, for which all frames have to be known."""

WIDENING_S = 4.0
"""Time constant in seconds with which a varying crop widens again."""

LEADING_BACK_S = 0.4
"""Look-ahead in seconds for frames that do not cover what the crop leaves."""

_FRAMES_AT_ONCE = 8


class Shown(NamedTuple):
    """The grid and the crop of one frame.

    Attributes:
        frame: from the method, blended towards the identity where the crop demands.
        kept: central fraction of the width and of the height that is shown.
    """

    frame: Frame
    kept: float


class Shares:
    """Limits of the fraction that is shown: within what a frame covers, never below the crop's.

    Attributes:
        smallest: the fraction left by the largest crop allowed.
        covered: the fraction that every frame has to cover: a little more, for rounding.
    """

    def __init__(self, crop: float, size: tuple[int, int]):
        """Describe the limits.

        Args:
            crop: the most that may be cut off at each side, as a fraction of width and height.
            size: width and height of the frames in pixels.
        """
        # A pixel is cut off at each side, since chroma, which is sampled bilinearly at half the
        # size, is mixed with the border from a pixel before the outermost ones' centres on. Luma
        # is from there on: what its kernel reads beyond is the frame, mirrored.
        self._margin = 2.0 / min(size)
        # In a tiny picture the margin can be all that is left.
        self.smallest = max(1.0 - 2.0 * crop - self._margin, self._margin)
        self.covered = min(self.smallest + self._margin / 2.0, 1.0)

    def of(self, kept: Float[np.ndarray, "frame"]) -> Float[np.ndarray, "frame"]:
        """Return the fractions to show of frames with this coverage (see `coverage.kept_share`)."""
        return np.clip(kept - self._margin, self.smallest, 1.0)


def framed(
    framing: Framing,
    frames: Iterable[Frame],
    time_s: Iterable[float],
    shares: Shares,
    folder: Path | None = None,
) -> Iterator[Shown]:
    """Choose the crop of each frame, and make every frame cover it.

    Args:
        framing: how the crop is chosen.
        frames: of a clip; consumed as the results are. A varying crop has a look-ahead of a
            second, the smallest one needs all frames.
        time_s: when each was taken, ascending; with "fixed" it is consumed as the frames are.
        shares: the limits.
        folder: for the temporary file of grids while the worst frame is searched; None takes the
            system's folder for temporary files, which may lie in memory.
    """
    within = led_back(frames, time_s, shares)
    if framing == "smallest":
        return _smallest(within, shares, folder)
    return _fixed(within, shares) if framing == "fixed" else _varying(within, time_s, shares)


def led_back(frames: Iterable[Frame], time_s: Iterable[float], shares: Shares) -> Iterator[Frame]:
    """Yield frames that cover what the crop leaves, in order.

    The grid of a frame that does not is blended towards the identity, which covers everything, by a
    factor that changes slowly: so no method's output shows borders at any crop.
    """

    def demand(portion: list[Frame]) -> Float[np.ndarray, "frame"]:
        return 1.0 - _evaluated(coverage.furthest, portion, shares.covered)

    return starmap(_blended, _given_up(frames, time_s, GivingWay(LEADING_BACK_S), demand))


def _given_up(
    frames: Iterable[Frame],
    time_s: Iterable[float],
    giving_way: GivingWay,
    demand: Callable[[list[Frame]], Float[np.ndarray, "frame"]],
) -> Iterator[tuple[Frame, float]]:
    """Yield each frame with what is given up for it and for those after it, changing slowly."""
    waiting: list[Frame] = []
    times = iter(time_s)
    for portion in _portions(frames):
        part = np.array(list(islice(times, len(portion))), np.float64)
        waiting += portion
        lost = giving_way.push(part, demand(portion))
        yield from zip(waiting, lost.tolist(), strict=False)
        waiting = waiting[len(lost) :]
    yield from zip(waiting, giving_way.finish().tolist(), strict=True)


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
    """Return a number a frame, computed on a padded batch, so that it is compiled only once."""
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


def _varying(frames: Iterable[Frame], time_s: Iterable[float], shares: Shares) -> Iterator[Shown]:
    def demand(portion: list[Frame]) -> Float[np.ndarray, "frame"]:
        return 1.0 - shares.of(_evaluated(coverage.kept_share, portion))

    narrowed = _given_up(frames, time_s, GivingWay(np.inf, WIDENING_S), demand)
    return (Shown(frame, 1.0 - lost) for frame, lost in narrowed)

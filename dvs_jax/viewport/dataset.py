"""Windows with the saliency of their instants, and batches of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, UInt32

from dvs_jax.quaternion import Array
from dvs_jax.training import parallel
from dvs_jax.viewport import saliency_points, tracks, windows
from dvs_jax.viewport.cues import Cues
from dvs_jax.viewport.record import Record
from dvs_jax.viewport.starvp.architecture import Architecture
from dvs_jax.viewport.synthetic import audience
from dvs_jax.viewport.windows import Windows


class Example(NamedTuple):
    """A window, or a batch of them.

    Attributes:
        seed: uint32, drawn by the loader.
        past: float32 [past, 3], unit vectors.
        future: float32 [future, 3], the truth.
        points: float32 [step, point, 4], salient points (x, y, z, value) of past and future.
        known: bool [step], at which instants saliency is known.
        cues: of eyes and face, of the past's samples.
        viewer: int32, the viewer's place in the architecture's names, from 1; 0 if not there.
    """

    seed: UInt32[Array, "*example"]
    past: Float[Array, "*example past 3"]
    future: Float[Array, "*example future 3"]
    points: Float[Array, "*example step point 4"]
    known: Bool[Array, "*example step"]
    cues: Cues
    viewer: Int[Array, "*example"]


class Dataset:
    """Windows of viewers, and their videos' saliency, which all windows of a video share."""

    def __init__(
        self,
        found: Windows,
        points: Mapping[str, Float[np.ndarray, "step point 4"]],
        viewers: Sequence[str] = (),
    ):
        """Keep both.

        Args:
            found: the windows.
            points: of each of their videos at each fifth of a second from its begin, as far as
                they are known.
            viewers: those whom the network knows.
        """
        self.viewer = windows.numbers(viewers, found.viewer)
        self.windows = found
        names = sorted(points)
        self._video = np.searchsorted(names, found.video)
        self._length = np.array([len(points[name]) for name in names])
        longest = max(1, *self._length)
        self._points = np.stack(
            [np.pad(points[name], ((0, longest - len(points[name])), (0, 0), (0, 0)))
             for name in names]
        )  # fmt: skip

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.windows.last)

    def examples(
        self, chosen: Int[np.ndarray, "example"], seed: UInt32[np.ndarray, "example"]
    ) -> Example:
        """Return some windows, [example, ...].

        Args:
            chosen: which.
            seed: of each.
        """
        step = windows.steps(self.windows)[chosen]
        video = self._video[chosen]
        known = (step >= 0) & (step < self._length[video][:, None])
        points = self._points[video[:, None], np.where(known, step, 0)]
        points = np.where(known[..., None, None], points, np.float32(0.0))
        past, future = self.windows.past[chosen], self.windows.future[chosen]
        cues = Cues(*(each[chosen] for each in self.windows.cues))
        return Example(seed, past, future, points, known, cues, self.viewer[chosen])


class Batches:
    """An endless stream of batches, of which each depends on the seed and its number alone."""

    def __init__(self, dataset: Dataset, batch_size: int, seed: int):
        """Begin.

        Args:
            dataset: from which windows are drawn, any of them as often as any other.
            batch_size: windows of a global batch, of which this process loads its part.
            seed: of the drawing.
        """
        self._dataset, self._batch_size = dataset, batch_size
        self._seed, self._number = seed, 0

    def __next__(self) -> Example:
        """Return the next batch, [example, ...]."""
        # All draw the same, whoever takes which part, so that others can go on with a run.
        rng = np.random.default_rng((self._seed, 0, self._number))
        self._number += 1
        chosen = rng.integers(len(self._dataset), size=self._batch_size)
        seed = rng.integers(2**32, size=len(chosen), dtype="u4")
        part = parallel.own_part(self._batch_size)
        return self._dataset.examples(chosen[part], seed[part])

    def get_state(self) -> int:
        """Return the number of batches that were taken."""
        return self._number

    def set_state(self, state: Any) -> None:
        """Go on after so many batches."""
        self._number = int(state)


def synthetic(
    seed: int,
    videos: int,
    viewers: int,
    stride: int,
    of: Architecture,
    crowd_seed: int | None = None,
    absent: float = 0.0,
) -> Dataset:
    """Make up videos and viewers.

    Args:
        seed: of everything random.
        videos: how many.
        viewers: of each.
        stride: samples from one window to the next.
        of: the network that is to predict them.
        crowd_seed: as `audience.draw` takes it; so is the next.
        absent: chance that a viewer follows nothing in a scene.
    """
    drawn = audience.draw(seed, videos, viewers, crowd_seed=crowd_seed, absent=absent)
    found = windows.cut([tracks.track(trace) for trace in drawn.traces], stride, of.past, of.future)
    points = {name: saliency_points.of_maps(maps, of.points) for name, maps in drawn.maps.items()}
    return Dataset(found, points, of.viewers)


def recorded(found: Sequence[Record], stride: int, of: Architecture) -> Dataset:
    """Cut windows out of records.

    Args:
        found: with any number of viewers each.
        stride: samples from one window to the next.
        of: the network that is to predict them.

    Raises:
        InputError: no window is left, or the records have fewer points than the network reads.
    """
    # A video may have several records, with saliency of their own.
    watched = [
        replace(track, video=f"{number:06} {track.video}")
        for number, record in enumerate(found)
        for track in record.tracks()
    ]
    points = {
        f"{number:06} {record.video}": saliency_points.thinned(record.points, of.points)
        for number, record in enumerate(found)
    }
    cut = windows.cut(watched, stride, of.past, of.future)
    shown = {name: points[name] for name in np.unique(cut.video).tolist()}
    return Dataset(cut, shown, of.viewers)

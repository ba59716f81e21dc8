"""Visual feedback behind any method: what shake its pictures still show is taken out."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import jax
import numpy as np
from jaxtyping import Float

from dvs_jax import clip as clips
from dvs_jax.clip import Clip
from dvs_jax.methods.along_path import processor
from dvs_jax.methods.as_filmed import AsFilmed
from dvs_jax.methods.device import DeviceWork, device_work
from dvs_jax.methods.method import Frame, Method, Picture, fingerprint
from dvs_jax.motion import rolling_shutter, steadying
from dvs_jax.motion.rolling_shutter import Steps
from dvs_jax.motion.tracking import NOTHING, Tracker, Tracks

Refinement = Literal["rotation", "mesh"]
"""What is corrected: shift, roll and zoom of the picture, or displacements of its parts too, and
the rolling shutter of frames as they were filmed."""

Grid = Float[np.ndarray, "rows columns 2"]

LOOK_AHEAD_S = 1.0
"""Look-ahead in seconds of a stage that steadies a file: more brings nothing."""


@dataclass(frozen=True, eq=False)
class Refined:
    """Any method, and behind it a stage that measures and removes what shake its output has left.

    Alone, behind `AsFilmed`, it stabilises a video without any sensor.

    Attributes:
        method: the one that is refined.
        refinement: what is corrected.
        own_look_ahead_s: look-ahead in seconds of this stage, beside the method's.
    """

    method: Method = field(default_factory=AsFilmed)
    refinement: Refinement = "mesh"
    own_look_ahead_s: float = LOOK_AHEAD_S

    @property
    def needs(self) -> frozenset[str]:
        """What the refined method needs."""
        return self.method.needs

    @property
    def look_ahead_s(self) -> float:
        """The look-ahead of both together, in seconds."""
        return self.method.look_ahead_s + self.own_look_ahead_s

    def frames(self, clip: Clip, pictures: Iterator[Picture], crop: float) -> Iterator[Frame]:
        """Yield the refined grid of each frame; see `Method.frames`."""
        watched = _Watched(pictures)
        return self._behind(self.method.frames(clip, watched, crop), clip, watched, crop)

    def behind(self, frames: Iterable[Frame], clip: Clip, crop: float) -> Iterator[Frame]:
        """Yield refined grids for the method's own, computed elsewhere; decodes the pictures."""
        return self._behind(frames, clip, _Watched(clips.read_pictures(clip)), crop)

    def _behind(
        self, frames: Iterable[Frame], clip: Clip, watched: "_Watched", crop: float
    ) -> Iterator[Frame]:
        waiting: deque[Frame] = deque()
        # Other methods have taken the rolling shutter out, or part of it by meshes of their own.
        rectify = self.refinement == "mesh" and isinstance(self.method, AsFilmed)
        stream = Stream(clip, crop, self.refinement, self.own_look_ahead_s, rectify)
        for frame in frames:
            waiting.append(frame)
            for source in stream.push(watched.tracks(), frame.source):
                yield waiting.popleft()._replace(source=source)
        for source in stream.finish():
            yield waiting.popleft()._replace(source=source)

    def fingerprint(self) -> dict[str, Any]:
        """Return what tells this method from others, as JSON values."""
        own = {"refinement": self.refinement, "own_look_ahead_s": self.own_look_ahead_s}
        return {**fingerprint(self.method), **own}

    def device_work(self) -> DeviceWork | None:
        """Return the refined method's work on devices; `behind` takes what comes of it."""
        return device_work(self.method)


class _Watched:
    """Pictures on their way to a method; corners are tracked as they pass."""

    def __init__(self, pictures: Iterator[Picture]):
        self._pictures, self._tracker = pictures, Tracker()
        self._tracks: deque[Tracks] = deque()

    def __iter__(self) -> Iterator[Picture]:
        return self

    def __next__(self) -> Picture:
        picture = next(self._pictures)
        self._tracks.append(self._tracker.follow(picture))
        return picture

    def tracks(self) -> Tracks:
        """Return the tracks to the next frame; its picture is taken if the method did not."""
        if not self._tracks:
            next(self)
        return self._tracks.popleft()


class _Arrived(NamedTuple):
    """A frame on its way: tracks to it, the method's grid, and the motions around it.

    The last are None where the grid leaves no rolling shutter in.
    """

    tracks: Tracks
    source: Grid
    steps: Steps | None


class Stream:
    """One clip's frames, steadied one after the other; the state lies on the CPU."""

    def __init__(
        self, clip: Clip, crop: float, refinement: Refinement, look_ahead_s: float, rectify: bool
    ):
        """Begin before the first frame.

        It looks ahead by a frame at least, and by two more to rectify.

        Args:
            clip: whose frames they are.
            crop: the most that may be cut off at each side, as a share of width and height.
            refinement: what is corrected.
            look_ahead_s: look-ahead in seconds.
            rectify: whether to take the rolling shutter out of the grids.
        """
        rate, self._delay = _rate(clip), rolling_shutter.DELAY if rectify else 0
        self._ahead = min(max(round(look_ahead_s * rate) - self._delay, 1), clip.frame_count - 1)
        with_mesh, shown = refinement == "mesh", clips.shown_size(clip.video)
        with jax.default_device(processor()):
            self._setting = steadying.setting(shown, crop, rate, self._ahead, with_mesh)
        self._state: steadying.State | None = None
        self._latest: deque[tuple[Tracks, Grid]] = deque()
        self._filling: list[_Arrived] | None = []

    def push(self, tracks: Tracks, source: Grid) -> list[Grid]:
        """Take a frame; return the grid of the one that has waited long enough."""
        with jax.default_device(processor()):
            if self._state is None:
                self._state = steadying.begin(self._setting, source, self._ahead)
            self._state = steadying.watch(self._setting, self._state, tracks)
            if not self._delay:
                return self._steadied(_Arrived(tracks, source, None))
            self._latest.append((tracks, source))
            self._state = steadying.watch_rows(self._setting, self._state, tracks)
            return self._oldest(self._state.rows) if len(self._latest) > self._delay else []

    def _oldest(self, rows: rolling_shutter.Evidence) -> list[Grid]:
        """Go on with the oldest of the latest frames: enough is known of what follows it."""
        return self._steadied(_Arrived(*self._latest.popleft(), rolling_shutter.steps(rows)))

    def _steadied(self, frame: _Arrived) -> list[Grid]:
        if self._filling is not None:
            self._filling.append(frame)
            if len(self._filling) > self._ahead:
                self._add_filling()
                self._state = steadying.settle(self._setting, self._state)
            return []
        self._state, grid = steadying.release(self._setting, self._state)
        self._add(frame)
        return [np.asarray(grid)]

    def _add_filling(self) -> None:
        """Add the frames with which the queue fills: all have told what they tell of the clip."""
        filling, self._filling = self._filling or [], None
        for frame in filling:
            self._add(frame)

    def _add(self, frame: _Arrived) -> None:
        source = frame.source
        if frame.steps is not None:
            source = steadying.rectified(self._setting, self._state, source, frame.steps)
        self._state = steadying.add(self._setting, self._state, frame.tracks, source)

    def finish(self) -> list[Grid]:
        """Return the grids of all frames that still wait."""
        if self._state is None:
            return []
        with jax.default_device(processor()):
            made = []
            while self._latest:
                self._state = steadying.watch_rows(self._setting, self._state, NOTHING)
                made += self._oldest(self._state.rows)
            self._add_filling()
            return [*made, *np.asarray(steadying.finish(self._setting, self._state))]


def _rate(clip: Clip) -> float:
    """Return the usual frame rate, rounded so that clips of one rate share compiled programs."""
    interval_s = float(np.median(np.diff(clips.center_time_ns(clip)))) * 1e-9
    return round(1.0 / interval_s, 1)

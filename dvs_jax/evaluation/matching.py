"""The strength at which a path's worst frame keeps a given fraction of the picture."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from dvs_jax import quaternion
from dvs_jax.camera_path import CameraPath
from dvs_jax.evaluation.footage import Footage
from dvs_jax.methods import Frame
from dvs_jax.methods.along_path import shown_by

PathsOf = Callable[[Float[np.ndarray, "strength"]], list[CameraPath]]
"""Paths of a clip at several strengths, ascending."""

_ROUNDS, _AT_ONCE = 2, 7
"""How often the interval around the wanted strength is subdivided, and by how many strengths."""

_BISECTIONS = 24


class Matched(NamedTuple):
    """A path that keeps the wanted fraction of the picture, and its method's strength."""

    path: CameraPath
    strength: float

    def frames(self, footage: Footage) -> Iterator[Frame]:
        """Yield the grid of each frame of a clip for the path."""
        assert footage.clip is not None
        return shown_by(footage.clip, self.path.quaternion)

    def kept(self, footage: Footage) -> Float[np.ndarray, "frame"]:
        """Return the fraction of the output that each frame covers."""
        return footage.kept(self.path)


def match(
    paths_of: PathsOf, strengths: Sequence[float], footage: Footage, wanted: float
) -> Matched:
    """Return the path of the greatest strength whose worst frame keeps the wanted fraction.

    The search takes the greatest given strength that keeps it, and subdivides the interval to the
    next one, which does not, twice, by seven strengths each: networks run a batch of them in little
    more time than one. The ends of the last interval differ by 1 % in strength; the result is the
    slerp between their paths. That is also exact for strengths that act in steps, such as a window
    of a whole number of frames.

    Args:
        paths_of: the method.
        strengths: ascending; the result is one of them or lies between two.
        footage: whose frames are warped by the paths.
        wanted: fraction of the output's width and height that the worst frame has to keep.

    Returns:
        The path and its strength. A method that keeps more at its greatest strength stays there;
        one that keeps less at all strengths gets the one at which it keeps most.
    """
    levels = np.asarray(strengths, np.float64)
    paths = paths_of(levels)
    kept = _worst(footage, paths)
    if kept[-1] >= wanted:
        return Matched(paths[-1], float(levels[-1]))
    if not (kept >= wanted).any():
        best = int(kept.argmax())
        return Matched(paths[best], float(levels[best]))
    for _ in range(_ROUNDS):
        last = int(np.flatnonzero(kept >= wanted)[-1])
        inner = np.geomspace(levels[last], levels[last + 1], _AT_ONCE + 2)[1:-1]
        between = paths_of(inner)
        levels = np.array([levels[last], *inner, levels[last + 1]])
        kept = np.array([kept[last], *_worst(footage, between), kept[last + 1]])
        paths = [paths[last], *between, paths[last + 1]]
    last = int(np.flatnonzero(kept >= wanted)[-1])
    return _between(paths[last : last + 2], levels[last : last + 2], footage, wanted)


def _worst(footage: Footage, paths: Sequence[CameraPath]) -> Float[np.ndarray, "path"]:
    return np.array([footage.kept(path).min() for path in paths])


def _between(
    paths: Sequence[CameraPath],
    levels: Float[np.ndarray, "2"],
    footage: Footage,
    wanted: float,
) -> Matched:
    near, far = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = (near + far) / 2.0
        enough = footage.kept(_part_of_way(paths, middle)).min() >= wanted
        near, far = (middle, far) if enough else (near, middle)
    return Matched(_part_of_way(paths, near), float(levels[0] * (levels[1] / levels[0]) ** near))


def _part_of_way(paths: Sequence[CameraPath], share: float) -> CameraPath:
    start, end = paths
    ratio = np.full(len(start), share)
    return CameraPath(start.time_ns, quaternion.slerp(start.quaternion, end.quaternion, ratio))

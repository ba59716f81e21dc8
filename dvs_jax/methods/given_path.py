"""A camera path that is known already: an edited trajectory drawn again."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dvs_jax import clip as clips
from dvs_jax.camera_path import CameraPath, pose_at
from dvs_jax.clip import Clip
from dvs_jax.errors import InputError
from dvs_jax.methods.along_path import frames_along
from dvs_jax.methods.covered_path import in_portions
from dvs_jax.methods.method import Frame, Picture

_CLOCK_TOLERANCE_NS = 1_000
"""Times of a phone's uptime that were written as floating-point numbers are off by hundreds."""


@dataclass(frozen=True, eq=False)
class GivenPath:
    """The virtual camera's path as given, two poses or more.

    Attributes:
        path: on the clip's clock; interpolated by slerp.
    """

    path: CameraPath
    needs = frozenset({"gyro"})
    look_ahead_s = np.inf

    def frames(self, clip: Clip, pictures: Iterator[Picture], crop: float) -> Iterator[Frame]:
        """Yield the grid of each frame for the path; see `Method.frames`.

        Raises:
            InputError: the path does not span the clip's frames.
        """
        real = clips.real_path(clip)
        _require_span(self.path, real, clip)
        wanted = CameraPath(real.time_ns, pose_at(self.path, real.time_ns, "hold"))
        return frames_along(clip, in_portions([real, wanted]), crop, np.inf)

    def fingerprint(self) -> dict[str, str]:
        """Return what identifies this method and its settings, as JSON values."""
        content = self.path.time_ns.tobytes() + self.path.quaternion.tobytes()
        return {"path": hashlib.sha256(content).hexdigest()}


def _require_span(path: CameraPath, real: CameraPath, clip: Clip) -> None:
    if len(path) < 2 or (np.diff(path.time_ns) <= 0).any():
        raise InputError("the path needs two poses or more, at increasing times")
    if not (np.abs(np.linalg.norm(path.quaternion, axis=-1) - 1.0) < 1e-3).all():
        raise InputError("the path's poses are no unit quaternions [x, y, z, w]")
    first, last = path.time_ns[0] - _CLOCK_TOLERANCE_NS, path.time_ns[-1] + _CLOCK_TOLERANCE_NS
    if first > real.time_ns[0] or last < real.time_ns[-1]:
        raise InputError(
            f"the path's times, {path.time_ns[0]} to {path.time_ns[-1]} ns, do not span the frames "
            f"of {clip.video.path}, {real.time_ns[0]} to {real.time_ns[-1]} ns"
        )

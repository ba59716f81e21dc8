"""A path smoothed while it is still being computed, in bounded memory."""

from collections.abc import Iterable, Iterator

import numpy as np
from jaxtyping import Float, Int

from dvs_jax.camera_path import CameraPath
from dvs_jax.smoothing.filters import WINDOW_DEVIATIONS
from dvs_jax.smoothing.smoothers import smooth

Poses = Float[np.ndarray, "frame 4"]


def smoothed_portions(
    portions: Iterable[Poses], time_ns: Int[np.ndarray, "frame"], deviation_s: float
) -> Iterator[tuple[Poses, Poses]]:
    """Yield poses of a path and the smoothed ones, as soon as all that these depend on are known.

    They are those of `smooth` with "gaussian" over the whole path, where the frame rate stays as it
    is.

    Args:
        portions: unit quaternions [x, y, z, w] in chunks of any length, together one a time.
        time_ns: int64, increasing.
        deviation_s: the Gaussian's standard deviation in seconds.
    """
    reach_ns = round(WINDOW_DEVIATIONS * deviation_s * 1e9)
    known, first, done = np.zeros((0, 4)), 0, 0
    for portion in portions:
        known = np.concatenate([known, portion])
        end = first + len(known)
        # What a frame at the end of a window counts depends on the frame beyond it.
        ready = int(np.searchsorted(time_ns, time_ns[max(end - 2, 0)] - reach_ns))
        ready = end if end == len(time_ns) else ready
        if ready <= done:
            continue
        path = CameraPath(time_ns[first:end], known)
        smoothed, part = smooth("gaussian", path, deviation_s), slice(done - first, ready - first)
        yield known[part], smoothed.quaternion[part]
        done = ready
        needed = int(np.searchsorted(time_ns, time_ns[min(done, end - 1)] - reach_ns)) - 1
        known, first = known[max(needed - first, 0) :], max(needed, first)

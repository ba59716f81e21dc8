"""The protocol of stabilisation methods."""

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import av
import numpy as np
from jaxtyping import Float

from dvs_jax import clip as clips
from dvs_jax.clip import Clip
from dvs_jax.errors import InputError
from dvs_jax.sensors.log import AccelerometerLog

Picture = av.VideoFrame
"""A frame as planes, YCbCr 4:2:0 (see `video.read_pictures`); it is not to be written to."""


class Frame(NamedTuple):
    """What the output shows of one frame.

    Attributes:
        source: a backward map: float32 [rows, columns, 2], the source point (x, y) of each of
            regularly spaced output points, the first and last on the frame's edges. Coordinates
            are fractions of the frame's width and height: pixel centre (c, r) is at
            ((c + 0.5) / W, (r + 0.5) / H). It includes rolling shutter, lens and any mesh. Points
            outside [0, 1] lie outside the source. The shape is the same for all frames of a clip.
        pose: float64 [4], the virtual camera's pose where the method has one, [x, y, z, w], world
            to camera; else None. Of a frame that leaves the crop it stays as it is, though what is
            drawn is led back.
    """

    source: Float[np.ndarray, "rows columns 2"]
    pose: Float[np.ndarray, "4"] | None = None


class Method(Protocol):
    """A stabilisation method: computes each frame's backward grid."""

    @property
    def needs(self) -> frozenset[str]:
        """What the clip must have, of "gyro", "accelerometer" and "flow" (files); see `require`."""
        ...

    @property
    def look_ahead_s(self) -> float:
        """Look-ahead in seconds, by which frames may be delayed; infinite: until the clip's end.

        Where it is infinite, all frames are computed before the first is drawn, and the pictures
        are decoded a second time if the method reads them.
        """
        ...

    def frames(self, clip: Clip, pictures: Iterator[Picture], crop: float) -> Iterator[Frame]:
        """Yield each frame's grid, in order.

        Args:
            clip: has what the method needs.
            pictures: the clip's frames, decoded as they are taken; a method that looks at them
                takes each before it yields that frame, and one that does not takes none.
            crop: the most that may be cut off at each side, as a share of width and height. The
                method keeps to it as well as it can; what leaves it all the same is led back
                towards the frame as it is.
        """
        ...


def fingerprint(method: Method) -> dict[str, Any]:
    """Return what tells a method from others, as JSON values, for notes of what a run made by it.

    A method may tell more than its class by a `fingerprint()` of its own.
    """
    own = getattr(method, "fingerprint", None)
    kind = type(method)
    return {"method": f"{kind.__module__}.{kind.__qualname__}"} if own is None else own()


def needs_of_sensors(horizon_lock: bool) -> frozenset[str]:
    """Return what a method that follows a camera path needs, with a level horizon or without."""
    return frozenset({"gyro", "accelerometer"} if horizon_lock else {"gyro"})


def chosen_of(horizon_lock: bool, strength: float | None) -> dict[str, Any]:
    """Return what of a fingerprint tells of these two, where they are not as usual."""
    told = {"horizon_lock": horizon_lock or None, "strength": strength}
    return {name: value for name, value in told.items() if value is not None}


def require(method: Method, clip: Clip) -> None:
    """Raise InputError, saying what is missing, unless a clip has what a method needs."""
    if unknown := set(method.needs) - {"gyro", "accelerometer", "flow"}:
        found = ", ".join(sorted(unknown))
        raise InputError(f"a method can need gyro, accelerometer and flow, not {found}")
    if "gyro" in method.needs:
        clips.recorded(clip)
    if "accelerometer" in method.needs:
        accelerometer_of(clip)
    if "flow" in method.needs and clip.flow is None:
        raise InputError(
            f"{clip.video.path}: the method needs optical flow files, and there are none; make "
            f"them with: dvs-jax flow {clip.video.path}"
        )


def accelerometer_of(clip: Clip) -> AccelerometerLog:
    """Return a clip's log of its accelerometer, or raise InputError."""
    log = clips.recorded(clip).accelerometer
    if log is None:
        raise InputError(
            f"{clip.video.path}: a level horizon needs an accelerometer, and none is logged; add "
            "columns ax, ay, az to the gyro log, or leave --horizon-lock out"
        )
    return log

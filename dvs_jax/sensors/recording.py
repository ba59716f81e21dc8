"""What one file tells of how a camera moved, before it is turned into poses."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from dvs_jax.camera import Camera
from dvs_jax.sensors.log import AccelerometerLog


@dataclass(frozen=True)
class Recording:
    """A gyro's measurements, and what its file tells about the camera.

    Attributes:
        file: where it comes from.
        kind: what the file was taken for; "" for this package's own layout with a header.
        time_ns: int64 [sample], nanoseconds on the recorder's clock, increasing.
        motion: float64 [sample, 3], angular velocity about the sensor's own axes in rad/s; or
            [sample, 4], the camera's pose, x y z w, world to camera.
        accelerometer: what it measured along the sensor's own axes, on the same clock; or None.
        description: fields of `Camera` that the file tells, by name.
        follows_video: whether its clock is the video's: 0 at the first frame.
        clock_is_guessed: whether the description's `clock_offset_s` is no more than a guess.
        stabilized_by: what the camera calls its own stabilisation, which moved the picture after
            the gyro was read; "" where it was off or nothing is known.
        model: the camera's or app's name, or "".
    """

    file: Path
    kind: str
    time_ns: Int[np.ndarray, "sample"]
    motion: Float[np.ndarray, "sample component"]
    accelerometer: AccelerometerLog | None = None
    description: dict[str, Any] = dataclasses.field(default_factory=dict)
    follows_video: bool = False
    clock_is_guessed: bool = False
    stabilized_by: str = ""
    model: str = ""

    @property
    def camera(self) -> Camera:
        """What the file tells about the camera; where it tells nothing, the default."""
        return dataclasses.replace(Camera(), **self.description)

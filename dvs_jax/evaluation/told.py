"""The result of any stabilisation method on a clip, as the evaluation needs it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from dvs_jax import clip as clips
from dvs_jax.camera_path import CameraPath
from dvs_jax.clip import Clip
from dvs_jax.errors import InputError
from dvs_jax.evaluation.footage import Footage
from dvs_jax.methods import Frame, Method, require
from dvs_jax.methods.covered_path import seconds
from dvs_jax.stabilization.framing import Shares, kept_shares, led_back
from dvs_jax.stabilization.viewing import checked


@dataclass(frozen=True)
class Told:
    """A method's result on a clip, without tuning its strength.

    Attributes:
        method: the method.
        clip: has what the method needs.
        crop: the most that may be cut off at each side, as a fraction of width and height.
    """

    method: Method
    clip: Clip
    crop: float
    strength = float("nan")

    def frames(self, footage: Footage | None = None) -> Iterator[Frame]:
        """Yield what the method tells of each frame; the pictures are decoded anew for it."""
        pictures = clips.read_pictures(self.clip)
        return checked(self.method.frames(self.clip, pictures, self.crop), self.clip)

    @cached_property
    def _known(self) -> tuple[CameraPath | None, Float[np.ndarray, "frame"]]:
        poses: list[Float[np.ndarray, "4"] | None] = []

        def noted() -> Iterator[Frame]:
            shares = Shares(self.crop, self.clip.size)
            for frame in led_back(self.frames(), seconds(self.clip), shares):
                poses.append(frame.pose)
                yield frame

        kept = kept_shares(noted())
        known = [pose for pose in poses if pose is not None]
        if len(known) < len(poses):
            return None, kept
        return CameraPath(clips.center_time_ns(self.clip), np.stack(known)), kept

    @property
    def path(self) -> CameraPath | None:
        """The virtual camera's path; None of a method without poses."""
        return self._known[0]

    def kept(self, footage: Footage) -> Float[np.ndarray, "frame"]:
        """Return the fraction of the output that each frame covers."""
        return self._known[1]


def tell(method: Method, footage: Footage, crop: float) -> Told:
    """Return a method's result on footage.

    Raises:
        InputError: the footage is no clip, or lacks what the method needs.
    """
    if footage.clip is None:
        raise InputError(f"{footage.name}: has no video, which this method looks at")
    require(method, footage.clip)
    return Told(method, footage.clip, crop)

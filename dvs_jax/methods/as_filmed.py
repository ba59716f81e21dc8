"""The frames as they were filmed."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from dvs_jax.clip import Clip
from dvs_jax.methods.method import Frame, Picture
from dvs_jax.warping import grid


@dataclass(frozen=True)
class AsFilmed:
    """Leaves every frame as it is."""

    needs: frozenset[str] = frozenset()
    look_ahead_s = 0.0

    def frames(self, clip: Clip, pictures: Iterator[Picture], crop: float) -> Iterator[Frame]:
        """Yield the identity grid for each frame; see `Method.frames`."""
        identity = grid.output_points(*grid.shape_for(clip.size)).astype(np.float32)
        return repeat(Frame(identity), clip.frame_count)

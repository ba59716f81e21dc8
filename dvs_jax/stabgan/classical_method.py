"""The classical smoothing of affine maps as a stabilisation method: all of a clip at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from dvs_jax.clip import Clip
from dvs_jax.methods import Frame, Picture
from dvs_jax.stabgan import classical
from dvs_jax.stabgan.frames import seen, shown
from dvs_jax.stabgan.steady_path import DEVIATION_S

_DEVIATIONS_SEEN = 4.0
"""How far SciPy's Gaussian reaches."""


@dataclass(frozen=True)
class ClassicalMethod:
    """Smooths similarities, fitted to Farnebäck's flow, by a Gaussian; see `classical.maps`.

    The flow of the whole clip is held: 74 kB a frame.
    """

    needs: frozenset[str] = field(default=frozenset(), init=False)
    look_ahead_s: float = field(default=_DEVIATIONS_SEEN * DEVIATION_S, init=False)

    def frames(self, clip: Clip, pictures: Iterator[Picture], crop: float) -> Iterator[Frame]:
        """Yield the grid of each frame; see `Method.frames`."""
        flow = np.stack([each for _, each in seen(clip, pictures)])
        rate = 1e9 / np.median(np.diff(clip.video.time_ns)) if len(flow) > 1 else 1.0
        yield from shown(iter(classical.maps(flow, rate)), crop)

    def fingerprint(self) -> dict[str, str]:
        """Return what tells this method from others, as JSON values."""
        return {"smoothing": "affine maps, Gaussian"}

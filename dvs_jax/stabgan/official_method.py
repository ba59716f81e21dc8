"""The official generator as a stabilisation method: windows of 32 frames that overlap by half."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import jax
import numpy as np
from flax import nnx

from dvs_jax import checkpoint
from dvs_jax.clip import Clip
from dvs_jax.methods import Frame, Picture
from dvs_jax.stabgan.official_device_work import OfficialDeviceWork
from dvs_jax.stabgan.official_frames import affine_maps, shown, small
from dvs_jax.stabgan.official_generator import OfficialGenerator
from dvs_jax.stabgan.official_windows import windows


@dataclass(frozen=True, eq=False)
class OfficialStabGanMethod:
    """The official generator, whose affine maps are drawn on frames of full size.

    The published program cuts a video into blocks of 32 frames and jumps between them. Here windows
    overlap by half, and maps are means of both, weighted by triangles. It knows no crop.

    Attributes:
        generator: the network.
    """

    generator: OfficialGenerator
    needs: frozenset[str] = field(default=frozenset(), init=False)
    look_ahead_s: float = field(default=1.0, init=False)

    def frames(self, clip: Clip, pictures: Iterator[Picture], crop: float) -> Iterator[Frame]:
        """Yield the grid of each frame; see `Method.frames`.

        A frame waits for up to 31 others, whatever their rate: about a second.
        """
        graph, weights = nnx.split(self.generator)
        seen = windows(small(clip, pictures))
        yield from shown((np.asarray(_maps(graph, weights, each)) for each in seen), clip)

    def device_work(self) -> OfficialDeviceWork:
        """Return the work on many clips at a time on devices."""
        return OfficialDeviceWork(self.generator)

    def fingerprint(self) -> dict[str, str]:
        """Return what tells this method from others, as JSON values."""
        return {"model": checkpoint.fingerprint(self.generator)}


_maps = partial(jax.jit, static_argnums=0)(affine_maps)

"""Our StabGAN on many clips at a time on devices."""

from collections.abc import Hashable, Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Bool, Float

from dvs_jax import clip as clips
from dvs_jax.clip import Clip, shown_size
from dvs_jax.methods import Frame
from dvs_jax.methods.stretch import Stretch
from dvs_jax.stabgan.blocks import Block, absent, blocks
from dvs_jax.stabgan.frames import looked_at, moved, seen, shown
from dvs_jax.stabgan.generator import MOTION, SEEN_AROUND, TOLD_AROUND, Generator, Motion

FRAMES = 16
"""Of a stretch."""


class Carry(NamedTuple):
    """The latest frames before a stretch.

    Attributes:
        motion: float32 [frame, 4].
        present: bool [frame], false before the clip.
    """

    motion: Motion
    present: Bool[Array, "frame"]


class DeviceWork:
    """The generator split into graph and weights; see `methods.device.DeviceWork`.

    A stretch tells the maps of frames that are `TOLD_AROUND` frames older than its own.
    """

    def __init__(self, generator: Generator):
        """Split the generator."""
        self._graph, self.weights = nnx.split(generator)

    def begin(self, stretch: tuple[Block, Array]) -> Carry:
        """Return the carry before a clip."""
        count = 2 * TOLD_AROUND
        return Carry(jnp.zeros((count, MOTION), jnp.float32), jnp.zeros(count, bool))

    # By default accelerators multiply matrices with 10 bits or less.
    @jax.default_matmul_precision("highest")
    def __call__(
        self, weights: nnx.State, carry: Carry, stretch: tuple[Block, Array]
    ) -> tuple[Carry, Float[Array, "16 2 3"]]:
        """Return the affine maps of frames before the stretch's."""
        block, aspect = stretch
        generator = nnx.merge(self._graph, weights)
        new = slice(SEEN_AROUND, SEEN_AROUND + FRAMES)
        motion = jnp.concatenate([carry.motion, moved(generator, block)[new]])
        present = jnp.concatenate([carry.present, block.present[new]])
        told = generator.maps(motion, present, aspect)
        kept = Carry(motion[FRAMES:], present[FRAMES:])
        return kept, told[TOLD_AROUND : TOLD_AROUND + FRAMES]

    def kind(self, clip: Clip) -> Hashable:
        """Return the size at which the generator looks at a clip."""
        return looked_at(shown_size(clip.video))

    def task(self, clip: Clip, crop: float) -> "_ClipTask":
        """Return a clip's task."""
        return _ClipTask(clip, crop)


class _ClipTask:
    def __init__(self, clip: Clip, crop: float):
        self._clip, self._crop = clip, crop
        self._maps: list[Float[np.ndarray, "16 2 3"]] = []

    def feed(self) -> Iterator[Stretch]:
        """Yield the clip's blocks, and as many empty ones as it takes to tell of the last frame."""
        width, height = shown_size(self._clip.video)
        aspect = np.float32(height / width)
        block = None
        stream = seen(self._clip, clips.read_pictures(self._clip))
        for block, _ in blocks(stream, FRAMES, SEEN_AROUND):
            yield Stretch((block, aspect), FRAMES)
        if block is not None:
            for _ in range(-(-TOLD_AROUND // FRAMES)):
                yield Stretch((absent(block), aspect), FRAMES)

    def take(self, output: Float[np.ndarray, "16 2 3"], count: int) -> None:
        """Keep a stretch's maps."""
        self._maps.append(output)

    def close(self, error: BaseException | None) -> None:
        """Do nothing, as nothing is open."""

    def frames(self) -> Iterator[Frame]:
        """Yield all frames, once the task is closed."""
        told = np.concatenate(self._maps)[TOLD_AROUND:][: self._clip.frame_count]
        return shown(iter(told), self._crop)

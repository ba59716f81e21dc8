"""The official StabGAN on many clips at a time on devices."""

from collections.abc import Hashable, Iterator

import numpy as np
from flax import nnx
from jaxtyping import Array, Float

from dvs_jax import clip as clips
from dvs_jax.clip import Clip
from dvs_jax.methods import Frame
from dvs_jax.methods.stretch import Stretch
from dvs_jax.stabgan.official_frames import affine_maps, shown, small
from dvs_jax.stabgan.official_generator import FRAMES, OfficialGenerator
from dvs_jax.stabgan.official_windows import Window, windows


class OfficialDeviceWork:
    """The generator split into graph and weights; see `methods.device.DeviceWork`.

    A stretch is a window; nothing is carried from one to the next.
    """

    def __init__(self, generator: OfficialGenerator):
        """Split the generator."""
        self._graph, self.weights = nnx.split(generator)

    def begin(self, stretch: Window) -> tuple[()]:
        """Return the empty carry."""
        return ()

    def __call__(
        self, weights: nnx.State, carry: tuple[()], stretch: Window
    ) -> tuple[tuple[()], Float[Array, "32 2 3"]]:
        """Return the affine maps of a window."""
        return carry, affine_maps(self._graph, weights, stretch)

    def kind(self, clip: Clip) -> Hashable:
        """Return a constant: all clips look alike to the generator."""
        return None

    def task(self, clip: Clip, crop: float) -> "_ClipTask":
        """Return a clip's task; the crop is not known to the generator."""
        return _ClipTask(clip)


class _ClipTask:
    def __init__(self, clip: Clip):
        self._clip = clip
        self._maps: list[Float[np.ndarray, "32 2 3"]] = []

    def feed(self) -> Iterator[Stretch]:
        """Yield the clip's windows."""
        for window in windows(small(self._clip, clips.read_pictures(self._clip))):
            yield Stretch(window, FRAMES)

    def take(self, output: Float[np.ndarray, "32 2 3"], count: int) -> None:
        """Keep a window's maps."""
        self._maps.append(output)

    def close(self, error: BaseException | None) -> None:
        """Do nothing, as nothing is open."""

    def frames(self) -> Iterator[Frame]:
        """Yield all frames, once the task is closed."""
        return shown(iter(self._maps), self._clip)

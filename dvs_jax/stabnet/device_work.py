"""Our StabNet on many clips at a time on devices."""

from collections.abc import Hashable, Iterable, Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Bool, Float, UInt8

from dvs_jax import clip as clips
from dvs_jax import quaternion
from dvs_jax.clip import Clip, shown_size
from dvs_jax.methods import Frame
from dvs_jax.methods.stretch import Stretch, choose, chunks, filled
from dvs_jax.stabnet import online
from dvs_jax.stabnet.network import Network, as_filmed
from dvs_jax.stabnet.online import Setting, State
from dvs_jax.stabnet.seen import grey, looked_at, setting_of
from dvs_jax.video.picture import shrunk_luma


class SeenStretch(NamedTuple):
    """Consecutive frames of a clip.

    Attributes:
        is_first: whether the first of them is the clip's first.
        setting: of the clip.
        frames: luma, of the size at which the network looks at them.
    """

    is_first: Bool[quaternion.Array, ""]
    setting: Setting
    frames: UInt8[quaternion.Array, "frame height width"]


class StabNetDeviceWork:
    """The network split into graph and weights; see `methods.device.DeviceWork`."""

    def __init__(self, network: Network):
        """Split the network."""
        self._graph, self.weights = nnx.split(network)

    def begin(self, stretch: SeenStretch) -> State:
        """Return the state before a clip's first stretch."""
        return self._begun(self.weights, stretch)

    def _begun(self, weights: nnx.State, stretch: SeenStretch) -> State:
        network = nnx.merge(self._graph, weights)
        return online.begin(network, stretch.setting, grey(stretch.frames[0]))

    # By default accelerators multiply matrices with 10 bits or less.
    @jax.default_matmul_precision("highest")
    def __call__(
        self, weights: nnx.State, carry: State, stretch: SeenStretch
    ) -> tuple[State, Float[Array, "frame 5 5 2"]]:
        """Return the state after a stretch, and the frames' grids; a clip's first is as filmed."""
        network = nnx.merge(self._graph, weights)
        state = choose(stretch.is_first, self._begun(weights, stretch), carry)
        held = stretch.is_first & (jnp.arange(len(stretch.frames)) == 0)
        height, width = stretch.frames.shape[1:]

        def advance(state: State, entry: tuple[Array, Array]) -> tuple[State, Array]:
            seen, is_held = entry
            moved, _ = online.push(network, stretch.setting, state, grey(seen))
            look = choose(is_held, as_filmed(), moved.look)
            return choose(is_held, state, moved), online.source(look, height / width)

        return jax.lax.scan(advance, state, (stretch.frames, held))

    def kind(self, clip: Clip) -> Hashable:
        """Return how large pictures are looked at, and over how many frames the speed is taken."""
        return looked_at(shown_size(clip.video)), len(setting_of(clip, 0.0).law.latest)

    def task(self, clip: Clip, crop: float) -> "_ClipTask":
        """Return a clip's task."""
        size = looked_at(shown_size(clip.video))
        seen = (shrunk_luma(picture, size) for picture in clips.read_pictures(clip))
        return _ClipTask(jax.device_get(setting_of(clip, crop)), seen)


class _ClipTask:
    def __init__(self, setting: Setting, seen: Iterable[UInt8[np.ndarray, "height width"]]):
        self._setting, self._seen = setting, seen
        self._source: list[Float[np.ndarray, "frame 5 5 2"]] = []

    def feed(self) -> Iterator[Stretch]:
        """Yield a `SeenStretch` for each stretch."""
        for number, chunk in enumerate(chunks(self._seen)):
            arrays = SeenStretch(np.array(number == 0), self._setting, filled(np.stack(chunk)))
            yield Stretch(arrays, len(chunk))

    def take(self, output: Float[np.ndarray, "frame 5 5 2"], count: int) -> None:
        """Keep the grids."""
        self._source.append(output[:count])

    def close(self, error: BaseException | None) -> None:
        """Do nothing, as nothing is open."""

    def frames(self) -> Iterator[Frame]:
        """Yield all frames, once the task is closed."""
        yield from map(Frame, np.concatenate(self._source))

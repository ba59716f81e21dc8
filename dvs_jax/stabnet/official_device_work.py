"""The official StabNet on many clips at a time on devices."""

from collections.abc import Hashable, Iterable, Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Bool, Float, UInt8

from dvs_jax import clip as clips
from dvs_jax import quaternion
from dvs_jax.clip import Clip
from dvs_jax.methods import Frame
from dvs_jax.methods.stretch import Stretch, choose, chunks, filled
from dvs_jax.stabnet import official_stream
from dvs_jax.stabnet.official_frames import Grey, first_frame, frame, in_range
from dvs_jax.stabnet.official_network import OfficialNetwork
from dvs_jax.stabnet.official_stream import History
from dvs_jax.warping import grid


class GreyStretch(NamedTuple):
    """Consecutive frames of a clip.

    Attributes:
        is_first: whether the first of them is the clip's first.
        frames: grey, at the network's size.
    """

    is_first: Bool[quaternion.Array, ""]
    frames: UInt8[quaternion.Array, "frame height width"]


class OfficialDeviceWork:
    """The network split into graph and weights; see `methods.device.DeviceWork`."""

    def __init__(self, network: OfficialNetwork):
        """Split the network, in inference mode."""
        self._graph, self.weights = nnx.split(network)

    def begin(self, stretch: GreyStretch) -> History:
        """Return the history before a clip's first stretch."""
        return official_stream.begin(in_range(stretch.frames[0]))

    def __call__(
        self, weights: nnx.State, carry: History, stretch: GreyStretch
    ) -> tuple[History, Float[Array, "frame 50"]]:
        """Return the history after a stretch, and the network's outputs.

        A clip's first frame is taken for steady; its output means nothing.
        """
        begun = self.begin(stretch)
        history = choose(stretch.is_first, begun, carry)
        held = stretch.is_first & (jnp.arange(len(stretch.frames)) == 0)

        def advance(
            history: History, entry: tuple[Array, Array]
        ) -> tuple[History, Float[Array, "50"]]:
            current, is_held = entry
            moved, (theta, _) = official_stream.step(self._graph, weights, history, current)
            return choose(is_held, history, moved), theta

        return jax.lax.scan(advance, history, (in_range(stretch.frames), held))

    def kind(self, clip: Clip) -> Hashable:
        """Return a constant: all clips look alike to the network."""
        return None

    def task(self, clip: Clip, crop: float) -> "_ClipTask":
        """Return a clip's task; the crop is not known to the network."""
        return _ClipTask(clip, map(Grey(clip.video.path), clips.read_pictures(clip)))


class _ClipTask:
    def __init__(self, clip: Clip, seen: Iterable[UInt8[np.ndarray, "height width"]]):
        self._shape = grid.shape_for(clip.size)
        self._seen = seen
        self._theta: list[Float[np.ndarray, "frame 50"]] = []

    def feed(self) -> Iterator[Stretch]:
        """Yield a `GreyStretch` for each stretch."""
        for number, chunk in enumerate(chunks(self._seen)):
            arrays = GreyStretch(np.array(number == 0), filled(np.stack(chunk)))
            yield Stretch(arrays, len(chunk))

    def take(self, output: Float[np.ndarray, "frame 50"], count: int) -> None:
        """Keep the network's outputs."""
        self._theta.append(output[:count])

    def close(self, error: BaseException | None) -> None:
        """Do nothing, as nothing is open."""

    def frames(self) -> Iterator[Frame]:
        """Yield all frames, once the task is closed."""
        yield first_frame(self._shape)
        for theta in np.concatenate(self._theta)[1:]:
            yield frame(theta, self._shape)

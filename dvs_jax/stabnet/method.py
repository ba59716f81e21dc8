"""Our StabNet as a stabilisation method: frames alone, no look-ahead."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import av
import jax
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, UInt8

from dvs_jax import checkpoint
from dvs_jax.clip import Clip, shown_size
from dvs_jax.methods import Frame, Picture
from dvs_jax.methods.along_path import processor
from dvs_jax.stabnet import online
from dvs_jax.stabnet.alignment import VERTICES
from dvs_jax.stabnet.device_work import StabNetDeviceWork
from dvs_jax.stabnet.network import Network
from dvs_jax.stabnet.online import Setting, State
from dvs_jax.stabnet.seen import grey, looked_at, setting_of
from dvs_jax.video.picture import shrunk_luma
from dvs_jax.warping import grid


@dataclass(frozen=True, eq=False)
class StabNetMethod:
    """Steadies each frame by the picture that was made of the one before.

    Attributes:
        network: compares the two.
    """

    network: Network
    needs: frozenset[str] = field(default=frozenset(), init=False)
    look_ahead_s: float = field(default=0.0, init=False)

    def frames(self, clip: Clip, pictures: Iterator[Picture], crop: float) -> Iterator[Frame]:
        """Yield the grid of each frame, the first as it is; see `Method.frames`."""
        stream = Stream(self.network, clip, crop)
        for picture in pictures:
            yield Frame(stream.push(picture))

    def device_work(self) -> StabNetDeviceWork:
        """Return the work on many clips at a time on devices."""
        return StabNetDeviceWork(self.network)

    def fingerprint(self) -> dict[str, str]:
        """Return what tells this method from others, as JSON values."""
        return {"model": checkpoint.fingerprint(self.network)}


class Stream:
    """A clip's frames, steadied one after the other as they come; the state lies on the CPU."""

    def __init__(self, network: Network, clip: Clip, crop: float):
        """Begin before the first frame.

        Args:
            network: see `StabNetMethod`.
            clip: whose frames they are.
            crop: the most that may be cut off at each side, as a share of width and height.
        """
        self._graph, self._weights = nnx.split(network)
        self._size, self._setting = looked_at(shown_size(clip.video)), setting_of(clip, crop)
        self._state: State | None = None

    def push(self, picture: av.VideoFrame) -> Float[np.ndarray, "5 5 2"]:
        """Take a frame; return its grid (see `methods.Frame`)."""
        seen = shrunk_luma(picture, self._size)
        with jax.default_device(processor()):
            if self._state is None:
                self._state = _begin(self._graph, self._weights, self._setting, seen)
                return grid.output_points(VERTICES, VERTICES).astype(np.float32)
            step = _step(self._graph, self._weights, self._setting, self._state, seen)
            self._state, source = step
            return np.asarray(source)


@partial(jax.jit, static_argnums=0)
def _begin(
    graph: nnx.GraphDef[Network],
    weights: nnx.State,
    setting: Setting,
    seen: UInt8[Array, "height width"],
) -> State:
    return online.begin(nnx.merge(graph, weights), setting, grey(seen))


@partial(jax.jit, static_argnums=0, donate_argnums=3)
def _step(
    graph: nnx.GraphDef[Network],
    weights: nnx.State,
    setting: Setting,
    state: State,
    seen: UInt8[Array, "height width"],
) -> tuple[State, Float[Array, "5 5 2"]]:
    state, _ = online.push(nnx.merge(graph, weights), setting, state, grey(seen))
    return state, online.source(state.look, seen.shape[0] / seen.shape[1])

"""The official network as a stabilisation method: frames alone, no look-ahead."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import jax
from flax import nnx
from jaxtyping import Array, Float, UInt8

from dvs_jax import checkpoint
from dvs_jax.clip import Clip
from dvs_jax.methods import Frame, Picture
from dvs_jax.stabnet import official_stream
from dvs_jax.stabnet.official_device_work import OfficialDeviceWork
from dvs_jax.stabnet.official_frames import Grey, first_frame, frame, in_range
from dvs_jax.stabnet.official_network import OfficialNetwork
from dvs_jax.stabnet.official_stream import History
from dvs_jax.warping import grid


@dataclass(frozen=True, eq=False)
class OfficialStabNetMethod:
    """The official network, whose grids are drawn on frames of full size.

    It knows no crop: the published program cuts its output afterwards.

    Attributes:
        network: in inference mode.
    """

    network: OfficialNetwork
    needs: frozenset[str] = field(default=frozenset(), init=False)
    look_ahead_s: float = field(default=0.0, init=False)

    def frames(self, clip: Clip, pictures: Iterator[Picture], crop: float) -> Iterator[Frame]:
        """Yield the grid of each frame, the first as it is; see `Method.frames`."""
        graph, weights = nnx.split(self.network)
        shape = grid.shape_for(clip.size)
        history = None
        for seen in map(Grey(clip.video.path), pictures):
            if history is None:
                history = official_stream.begin(in_range(seen))
                yield first_frame(shape)
                continue
            history, theta = _step(graph, weights, history, seen)
            yield frame(theta, shape)

    def device_work(self) -> OfficialDeviceWork:
        """Return the work on many clips at a time on devices."""
        return OfficialDeviceWork(self.network)

    def fingerprint(self) -> dict[str, str]:
        """Return what tells this method from others, as JSON values."""
        return {"model": checkpoint.fingerprint(self.network)}


@partial(jax.jit, static_argnums=0, donate_argnums=2)
def _step(
    graph: nnx.GraphDef[OfficialNetwork],
    weights: nnx.State,
    history: History,
    seen: UInt8[Array, "height width"],
) -> tuple[History, Float[Array, "50"]]:
    history, (theta, _) = official_stream.step(graph, weights, history, in_range(seen))
    return history, theta

"""A clip's flow as its network reads it."""

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
from jaxtyping import Float

from dvs_jax.camera import Camera, relative_focal_length
from dvs_jax.fused import scene_flow
from dvs_jax.fused.features import ENCODED_AT_ONCE, encode_flow, in_batch, straightened
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.motion import attached


class FlowReader:
    """Encodes the flow of consecutive pairs of a clip's frames, a few of them in memory at a time.

    For our own networks flow of what is fixed to the camera is replaced (see `scene_flow`); what
    tells that is remembered from call to call.
    """

    def __init__(
        self, network: FusedNetwork, camera: Camera, size: tuple[int, int], strength: float
    ):
        """Begin before the first pair.

        Args:
            network: one that reads flow, in inference mode.
            camera: whose frames they are.
            size: width and height of the frames.
            strength: what rotations are divided by (see `StepFeatures`), and for official weights
                also flow. Our own networks correct the gyro by flow; its error does not depend on
                the crop.
        """
        if network.encoder is None:
            raise ValueError("a network without an encoder reads no flow")
        self._encoder, self._official = network.encoder, network.architecture.official
        self._camera, self._size, self._strength = camera, size, strength
        self._focal = relative_focal_length(camera, size)
        self._sides = np.array(size, np.float32) / np.float32(max(size))
        self._evidence = attached.no_evidence()

    def __call__(
        self, pairs: Iterable[Float[np.ndarray, "rows columns 4"]]
    ) -> Float[np.ndarray, "pair feature"]:
        """Return the encoding of the next pairs, one or more, as `normalize_flow` returns them."""
        return np.concatenate(list(self.portions(pairs)))

    def portions(
        self, pairs: Iterable[Float[np.ndarray, "rows columns 4"]]
    ) -> Iterator[Float[np.ndarray, "pair feature"]]:
        """Yield that encoding for as many pairs as are encoded at once."""
        rest = iter(pairs)
        while portion := list(islice(rest, ENCODED_AT_ONCE)):
            yield self._encoded(np.stack(portion))

    def _encoded(
        self, flow: Float[np.ndarray, "pair rows columns 4"]
    ) -> Float[np.ndarray, "pair feature"]:
        if self._camera.lens is not None:
            flow = self._straightened(flow)
        if self._official:
            return encode_flow(self._encoder, flow / self._strength, self._focal)
        view = self._focal, self._sides
        self._evidence, seen = scene_flow.of_scene(self._evidence, in_batch(flow), *view)
        return encode_flow(self._encoder, np.asarray(seen), self._focal)[: len(flow)]

    def _straightened(
        self, flow: Float[np.ndarray, "pair rows columns 4"]
    ) -> Float[np.ndarray, "pair rows columns 4"]:
        # Official flow is in shares of the frame's other side.
        aspect = self._size[0] / self._size[1] if self._official else 1.0
        unit = np.array([1.0 / aspect, aspect] * 2, np.float32)
        view = self._camera, self._size
        return np.stack([straightened(pair * unit, *view) / unit for pair in flow])

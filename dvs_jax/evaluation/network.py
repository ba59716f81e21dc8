"""A network's paths of one clip at several strengths."""

from tempfile import TemporaryFile

import numpy as np
from jaxtyping import Float, Float16

from dvs_jax.camera_path import CameraPath
from dvs_jax.errors import InputError
from dvs_jax.evaluation.footage import Footage
from dvs_jax.fused import features, inference
from dvs_jax.fused.flow_reader import FlowReader
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.sensors.integration import with_pre_roll


class NetworkPaths:
    """Computes paths, all strengths in one batch.

    Flow is computed once and kept in a temporary file: where it is divided by the strength, like
    the poses, it is encoded anew for each strength.
    """

    def __init__(self, network: FusedNetwork, footage: Footage):
        """Take a network in inference mode and the clip."""
        self._network, self._footage = network, footage
        self._flow: Float16[np.ndarray, "pair rows columns 4"] | None = None

    def __call__(self, strengths: Float[np.ndarray, "strength"]) -> list[CameraPath]:
        """Return the clip's path at each strength (see `StepFeatures`).

        Raises:
            InputError: the network reads flow, and there is none, or it cannot be read.
        """
        time_ns = self._footage.real.time_ns
        gyro = with_pre_roll(self._footage.gyro)
        wanted = self._network.architecture
        values = [float(each) for each in strengths]
        steps = [features.poses_seen(wanted, gyro, time_ns, each) for each in values]
        if self._network.encoder is not None:
            told = self._told_by_flow(values)
            steps = [each._replace(flow=code) for each, code in zip(steps, told, strict=True)]
        return inference.predict(self._network, steps, [time_ns] * len(steps))

    def _told_by_flow(self, strengths: list[float]) -> list[Float[np.ndarray, "pair feature"]]:
        exposure, flow = self._footage.exposure, self._normal_flow()
        told: list[Float[np.ndarray, "pair feature"]] = []
        for strength in strengths:
            if told and self._network.architecture.fusion:
                told.append(told[0])  # does not depend on the strength
                continue
            pairs = (pair.astype(np.float32) for pair in flow)
            view = exposure.camera, exposure.size
            told.append(FlowReader(self._network, *view, strength)(pairs))
        return told

    def _normal_flow(self) -> Float16[np.ndarray, "pair rows columns 4"]:
        if self._flow is None:
            if self._footage.flow is None:
                raise InputError(
                    f"{self._footage.name}: has no optical flow, which the model reads"
                )
            wanted = self._network.architecture
            width, height = wanted.flow_size
            shape = (len(self._footage.real) - 1, height, width, 4)
            # The memory map stays valid after the file is closed, until the array is freed.
            with TemporaryFile() as file:
                flow = np.memmap(file, np.float16, "w+", shape=shape)
            for index, pair in enumerate(self._footage.flow(wanted)):
                flow[index] = pair
            self._flow = flow
        return self._flow

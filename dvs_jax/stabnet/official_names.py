"""What the published files call the official network's arrays.

Two programs wrote such files: the authors' in TensorFlow, and a port to PyTorch.
"""

from collections.abc import Iterator
from typing import NamedTuple

from dvs_jax.stabnet.residual_network import BLOCKS

UNUSED = ("logits",)
"""Layers of ImageNet's network that are in the files and that nothing reads."""


class Names(NamedTuple):
    """One array's names.

    Attributes:
        ours: attributes of `OfficialNetwork`, with dots between them.
        port: key of the PyTorch port.
        tensorflow: end of the name of the TensorFlow variable.
    """

    ours: str
    port: str
    tensorflow: str


_BATCH_NORM = (
    ("scale", "weight", "gamma"),
    ("bias", "bias", "beta"),
    ("mean", "running_mean", "moving_mean"),
    ("var", "running_var", "moving_variance"),
)


def all_names() -> Iterator[Names]:
    """Yield the names of each of the network's arrays."""
    yield from _layer("encoder.stem", "conv1", "conv1", True)
    for block, (units, *_) in enumerate(BLOCKS):
        for unit in range(units):
            yield from _unit(block, unit)
    yield from _norm("encoder.norm", "postnorm", "postnorm")
    for index in range(3):
        yield from _linear(index, f"fc_{index + 1}/weights", f"fc_{index + 1}/biases")
    yield from _linear(3, "fc_weights", "fc_bias")


def _unit(block: int, unit: int) -> Iterator[Names]:
    ours = f"encoder.blocks.{block}.{unit}"
    within = f"block{block + 1}/unit_{unit + 1}/bottleneck_v2"
    port = within.replace("/", "_")
    yield from _norm(f"{ours}.norms.0", f"{port}_preact", f"{within}/preact")
    for layer in range(3):
        name = f"conv{layer + 1}"
        is_last = layer == 2
        convolution = f"{ours}.convolutions.{layer}"
        yield from _layer(convolution, f"{port}_{name}", f"{within}/{name}", is_last)
        if not is_last:
            norm = f"{ours}.norms.{layer + 1}", f"{port}_{name}_BatchNorm"
            yield from _norm(*norm, f"{within}/{name}/BatchNorm")
    if unit == 0:
        yield from _layer(f"{ours}.shortcut", f"{port}_shortcut", f"{within}/shortcut", True)


def _layer(ours: str, port: str, tensorflow: str, has_bias: bool) -> Iterator[Names]:
    port, tensorflow = f"resnet50.resnet_v2_50_{port}_Conv2D", f"resnet_v2_50/{tensorflow}"
    yield Names(f"{ours}.kernel", f"{port}.weight", f"{tensorflow}/weights")
    if has_bias:
        yield Names(f"{ours}.bias", f"{port}.bias", f"{tensorflow}/biases")


def _norm(ours: str, port: str, tensorflow: str) -> Iterator[Names]:
    for attribute, in_port, in_tensorflow in _BATCH_NORM:
        yield Names(
            f"{ours}.{attribute}",
            f"resnet50.resnet_v2_50_{port}_FusedBatchNorm.{in_port}",
            f"resnet_v2_50/{tensorflow}/{in_tensorflow}",
        )


def _linear(index: int, weights: str, biases: str) -> Iterator[Names]:
    # The port numbers the ReLUs between them too.
    ours, port = f"head.{index}", f"regressor.{2 * index}"
    yield Names(f"{ours}.kernel", f"{port}.weight", f"fc/{weights}")
    yield Names(f"{ours}.bias", f"{port}.bias", f"fc/{biases}")

"""TensorFlow Lite's networks, MediaPipe's among them: one sample as the file says, or many."""

from pathlib import Path

import jax
from jax import export
from jaxtyping import Array, Float

from dvs_jax import tflite
from dvs_jax.export.function import Argument, Function, Named, floats
from dvs_jax.subject.networks import load_pose
from dvs_jax.tflite import Network

FILE, BUNDLE = ".tflite", ".task"

_PICTURES = "float32, RGB, each from 0 to 1 unless told otherwise, rows from the top"

_DETECTOR = (
    "Takes values from −1 to 1, and finds people: raw boxes and points, then the logits of each."
)
_LANDMARKS = (
    "Points of one person, cut out upright: (x, y, z, visibility, presence) of each in pixels and "
    "logits, the logit of there being one, mask, heat maps, and points in metres."
)


def functions(path: Path) -> tuple[Function, ...]:
    """Return the functions of a file: of a `.tflite` its network, of a `.task` BlazePose's two.

    Raises:
        InputError: it cannot be read, or holds other networks.
    """
    if path.suffix == BUNDLE:
        pose = load_pose(path)
        return (
            of_network(pose.detector, "pose_detector", _DETECTOR),
            of_network(pose.landmarks, "pose_landmarks", _LANDMARKS),
        )
    return (of_network(tflite.load(path), path.stem, "The file's network."),)


def of_network(network: Network, name: str, meaning: str) -> Function:
    """Return the function of a network, over any number of samples."""

    def call(*inputs: Float[Array, "count ..."]) -> Named:
        outputs = jax.vmap(network.apply, (None, *(0 for _ in inputs)))(network.weights, *inputs)
        return {f"output{number}": each for number, each in enumerate(outputs)}

    (count,) = export.symbolic_shape("count")
    arguments = tuple(
        Argument(f"input{number}", floats(count, *shape), f"as the file has it: {_PICTURES}")
        for number, shape in enumerate(network.input_shapes)
    )
    returned = "the file's outputs, in their order and without their leading 1."
    return Function(name, meaning, call, arguments, returned)

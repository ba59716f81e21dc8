"""A TensorFlow Lite graph as one pure function over a tree of weights."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from dvs_jax.errors import reading
from dvs_jax.tflite.model_file import Model, Operator, Tensor, content_of, parse
from dvs_jax.tflite.operators import DECODERS, MAKERS, Function, Node

Weights = dict[str, Float[Array, "..."]]

Apply = Callable[..., tuple[Float[Array, "..."], ...]]


@dataclass(frozen=True)
class Network:
    """A network, in the axes of its file less the leading one, which has length 1.

    Attributes:
        weights: float32, by the number of their tensor in the file, as the file stores them:
            filters are [output, rows, columns, input].
        apply: jitted and pure: `apply(weights, *inputs)` returns the outputs of one sample, in the
            weights' dtype. For batches, `jax.vmap(network.apply, (None, 0))`; for bfloat16, weights
            of that dtype (`cast`).
        input_shapes: of each input.
        output_shapes: of each output.
    """

    weights: Weights
    apply: Apply
    input_shapes: tuple[tuple[int, ...], ...]
    output_shapes: tuple[tuple[int, ...], ...]


def load(path: Path, member: str | None = None) -> Network:
    """Read a network.

    Args:
        path: a `.tflite` file, or with `member` a `.task` bundle.
        member: a model's name in it.

    Raises:
        InputError: it cannot be read, is damaged, or has something that is not known here, which
            the message names.
    """
    name = path if member is None else f"{path}, {member}"
    data = content_of(path, member)
    with reading(name, "no network that can be used here", "fetch it again"):
        return network(parse(data))


def network(model: Model) -> Network:
    """Return a graph as a network.

    Raises:
        ValueError: an operator or one of its options is not known, or its shapes do not fit.
    """
    steps, weights = _planned(model)
    inputs = tuple(_without_first(model.tensors[index].shape) for index in model.inputs)
    outputs = tuple(_without_first(model.tensors[index].shape) for index in model.outputs)
    apply = jax.jit(_apply(steps, model.inputs, model.outputs))
    samples = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in inputs]
    jax.eval_shape(apply, weights, *samples)
    # Unlike `jnp.asarray`, this compiles nothing for each shape.
    return Network(jax.device_put(weights), apply, inputs, outputs)


def cast(weights: Weights, dtype: jax.typing.DTypeLike) -> Weights:
    """Return weights in another dtype, in which the network then computes."""
    return {key: value.astype(dtype) for key, value in weights.items()}


class _Step(NamedTuple):
    """One operator of a planned graph.

    Attributes:
        name: of the operator.
        run: its function.
        inputs: indices of the tensors that it takes.
        output: index of the tensor that it computes.
        shape: of its output.
    """

    name: str
    run: Function
    inputs: tuple[int, ...]
    output: int
    shape: tuple[int, ...]


def _planned(model: Model) -> tuple[list[_Step], dict[str, Float[np.ndarray, "..."]]]:
    """Return the steps of a graph, and the weights that they take."""
    constants = {
        index: tensor.constant
        for index, tensor in enumerate(model.tensors)
        if tensor.constant is not None
    }
    computed, steps, used = set(model.inputs), [], set[int]()
    for operator in model.operators:
        output = operator.output
        if output in computed or output in constants:
            raise ValueError(f"its tensor {output} is computed twice")
        if operator.name in DECODERS:
            constants[output] = _decoded(operator.inputs, constants, model.tensors[output])
            continue
        step = _step(operator, model.tensors, constants)
        used.update(index for index in step.inputs if index in constants)
        if not set(step.inputs) <= computed | used:
            raise ValueError(f"its operator {operator.name} comes before its input")
        computed.add(output)
        steps.append(step)
    if not set(model.outputs) <= computed:
        raise ValueError("one of its outputs is never computed")
    return steps, {str(index): constants[index].astype(np.float32) for index in sorted(used)}


def _decoded(
    inputs: Sequence[int], constants: dict[int, Any], output: Tensor
) -> Shaped[np.ndarray, "..."]:
    values = constants.get(inputs[0]) if len(inputs) == 1 else None
    if values is None or values.shape != output.shape:
        raise ValueError("it stores numbers that it computes in another form")
    return values


def _step(operator: Operator, tensors: Sequence[Tensor], constants: dict[int, Any]) -> _Step:
    name = operator.name
    if name not in MAKERS:
        known = ", ".join(sorted({*MAKERS, *DECODERS}))
        raise ValueError(f"its operator {name[:60]!r} is not known, but {known} are")
    given = [constants.get(index) for index in operator.inputs]
    integers = [None if each is None or each.dtype.kind == "f" else each for each in given]
    shapes = tuple(tensors[index].shape for index in operator.inputs)
    shape = tensors[operator.output].shape
    node = Node(operator.options, operator.custom_options, shapes, tuple(integers), shape)
    try:
        run = MAKERS[name](node)
    except (ValueError, IndexError, TypeError) as error:
        raise ValueError(f"its operator {name} has {error}") from error
    taken = zip(operator.inputs, integers, strict=True)
    inputs = tuple(index for index, integer in taken if integer is None)
    return _Step(name, run, inputs, operator.output, shape)


def _apply(steps: Sequence[_Step], inputs: Sequence[int], outputs: Sequence[int]) -> Apply:
    def apply(weights: Weights, *samples: Float[Array, "..."]) -> tuple[Float[Array, "..."], ...]:
        dtype = jnp.result_type(*weights.values()) if weights else jnp.float32
        tensors = {int(index): value for index, value in weights.items()}
        for index, sample in zip(inputs, samples, strict=True):
            tensors[index] = sample[None].astype(dtype)
        for step in steps:
            result = step.run(*(tensors[index] for index in step.inputs))
            if result.shape != step.shape:
                raise ValueError(f"its operator {step.name} makes {result.shape}, not {step.shape}")
            tensors[step.output] = result
        return tuple(tensors[index][0] for index in outputs)

    return apply


def _without_first(shape: tuple[int, ...]) -> tuple[int, ...]:
    if shape[:1] != (1,):
        raise ValueError("it takes or returns something else than one sample at a time")
    return shape[1:]

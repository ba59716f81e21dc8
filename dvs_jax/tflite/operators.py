"""TensorFlow Lite's operators as JAX functions of one picture.

Arrays are [1, rows, columns, channel], filters [output, rows, columns, input], as in the files. An
operator is made of its options and of its integer inputs (axes, sizes), and is then a function of
its other inputs alone. Three are written for processors, on which XLA's own are 4 to 10 times
slower: a depthwise convolution as shifted products, and one of 1 × 1, or of few numbers under its
filter, such as the first one of a picture, as a product of matrices.
"""

import math
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Shaped

from dvs_jax.tflite.flatbuffer import Table
from dvs_jax.tflite.model_file import MOST_ELEMENTS

Shape = tuple[int, ...]
Function = Callable[..., Float[Array, "..."]]

_LONGEST_SIDE = 32
"""Of a filter, a stride or a dilation: larger ones are no network's, and take memory."""


class Node(NamedTuple):
    """What an operator is made of.

    Attributes:
        options: the table of its builtin options; an empty one's fields have their defaults.
        custom_options: a custom operator's bytes.
        shapes: of all inputs.
        integers: the values of those inputs that are int32 constants, None for the others.
        output: the shape that the file declares of its result.
    """

    options: Table | None
    custom_options: bytes
    shapes: tuple[Shape, ...]
    integers: tuple[Shaped[np.ndarray, "..."] | None, ...]
    output: Shape

    def option(self, slot: int, kind: str = "i", default: int = 0) -> int:
        """Return an integer option by its slot, type and default in the schema."""
        return default if self.options is None else self.options.number(slot, kind, default)

    def side(self, slot: int, default: int = 0) -> int:
        """Return an option that is a length in pixels, and 1 at least."""
        value = self.option(slot, default=default)
        _require(1 <= value <= _LONGEST_SIDE, f"a length of {value} pixels")
        return value

    def constant(self, index: int) -> Shaped[np.ndarray, "..."]:
        """Return an input that has to be an int32 constant."""
        value = self.integers[index]
        if value is None:
            raise ValueError("axes or sizes that are computed")
        return value


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)


# ------------------------------------------------------------------------------ activations


def _relu6(x: Float[Array, "..."]) -> Float[Array, "..."]:
    return jnp.clip(x, 0, 6)


def _hard_swish(x: Float[Array, "..."]) -> Float[Array, "..."]:
    return x * _relu6(x + 3) * (1 / 6)


_ACTIVATIONS: dict[int, Function] = {0: lambda x: x, 1: jax.nn.relu, 3: _relu6}


def _activation(node: Node, slot: int) -> Function:
    kind = node.option(slot, "b")
    _require(kind in _ACTIVATIONS, f"an activation, number {kind}, that is not known here")
    return _ACTIVATIONS[kind]


def _elementwise(function: Function) -> Callable[[Node], Function]:
    return lambda _: function


def _binary(function: Function) -> Callable[[Node], Function]:
    def make(node: Node) -> Function:
        activation = _activation(node, 0)
        axes = len(node.output)

        def run(a: Float[Array, "..."], b: Float[Array, "..."]) -> Float[Array, "..."]:
            a, b = (jnp.reshape(each, (1,) * (axes - each.ndim) + each.shape) for each in (a, b))
            return activation(function(a, b))

        return run

    return make


# ----------------------------------------------------------------------------- convolutions

_SAME, _VALID = 0, 1

_SMALL_PATCH = 64
"""Numbers under a filter up to which all patches are laid side by side, for one product."""


class _Sliding(NamedTuple):
    """How a filter is moved over a picture; pairs are of rows and columns.

    Attributes:
        size: the filter's sides.
        stride: steps between outputs.
        dilation: steps between the filter's taps.
        padding: zeros before and behind.
    """

    size: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    padding: tuple[tuple[int, int], tuple[int, int]]

    @property
    def is_point(self) -> bool:
        return self.size == self.stride == (1, 1)


def _sliding(node: Node, size: tuple[int, int], dilation_slots: tuple[int, int]) -> _Sliding:
    _require(max(size) <= _LONGEST_SIDE, f"a filter of {size[0]} × {size[1]}")
    stride = node.side(2), node.side(1)
    dilation = node.side(dilation_slots[1], 1), node.side(dilation_slots[0], 1)
    picture = node.shapes[0][1:3]
    return _Sliding(size, stride, dilation, _padding(node, picture, size, stride, dilation))


def _padding(
    node: Node, picture: Sequence[int], size: Sequence[int], stride: Sequence[int], dilation: Shape
) -> tuple[tuple[int, int], tuple[int, int]]:
    kind = node.option(0, "b")
    _require(kind in (_SAME, _VALID), f"a padding, number {kind}, that is not known here")
    reach = [(taps - 1) * step + 1 for taps, step in zip(size, dilation, strict=True)]
    if kind == _VALID:
        fits = all(each <= length for each, length in zip(reach, picture, strict=True))
        _require(fits, "a filter that is larger than the picture")
        return (0, 0), (0, 0)
    # Of an odd number of zeros the smaller half comes first.
    rows, columns = (
        max((-(-length // step) - 1) * step + each - length, 0)
        for length, step, each in zip(picture, stride, reach, strict=True)
    )
    return (rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2)


def _convolution(node: Node) -> Function:
    picture, filters, bias = node.shapes
    _require(len(picture) == len(filters) == 4, "a convolution of other than pictures")
    _require(picture[3] == filters[3] and bias == filters[:1], "channels that do not fit")
    sliding = _sliding(node, (filters[1], filters[2]), (4, 5))
    activation = _activation(node, 3)
    patch = filters[1] * filters[2] * filters[3]
    is_small = patch <= _SMALL_PATCH and math.prod(node.output[:3]) * patch <= MOST_ELEMENTS
    dense = _of_patches if is_small else _dense
    convolve = _pointwise if sliding.is_point else dense(sliding)
    return lambda x, w, b: activation(convolve(x, w) + _last(b))


def _dense(sliding: _Sliding) -> Function:
    def convolve(
        x: Float[Array, "1 rows columns input"], w: Float[Array, "output height width input"]
    ) -> Float[Array, "1 output_rows output_columns output"]:
        return lax.conv_general_dilated(
            x,
            w,
            sliding.stride,
            sliding.padding,
            rhs_dilation=sliding.dilation,
            dimension_numbers=("NHWC", "OHWI", "NHWC"),
            precision=_precision(x),
        )

    return convolve


def _of_patches(sliding: _Sliding) -> Function:
    def convolve(
        x: Float[Array, "1 rows columns input"], w: Float[Array, "output height width input"]
    ) -> Float[Array, "1 output_rows output_columns output"]:
        patches = jnp.concatenate(list(_seen_by_taps(x, sliding)), axis=-1)
        return _pointwise(patches, w.reshape(w.shape[0], 1, 1, -1))

    return convolve


def _pointwise(
    x: Float[Array, "1 rows columns input"], w: Float[Array, "output 1 1 input"]
) -> Float[Array, "1 rows columns output"]:
    return jnp.einsum("nrci,oi->nrco", x, w[:, 0, 0], precision=_precision(x))


def _depthwise_convolution(node: Node) -> Function:
    picture, filters, bias = node.shapes
    _require(len(picture) == len(filters) == 4, "a convolution of other than pictures")
    _require(node.option(3, default=1) == 1 == filters[0], "a depth multiplier other than 1")
    _require(picture[3:] == filters[3:] == bias, "channels that do not fit")
    sliding = _sliding(node, (filters[1], filters[2]), (5, 6))
    activation = _activation(node, 4)
    return lambda x, w, b: activation(_shifted_products(x, w[0], sliding) + _last(b))


def _shifted_products(
    x: Float[Array, "1 rows columns channel"],
    w: Float[Array, "height width channel"],
    sliding: _Sliding,
) -> Float[Array, "1 output_rows output_columns channel"]:
    taps = w.reshape(-1, 1, 1, 1, x.shape[3])
    total = jnp.zeros((), x.dtype)
    for number, seen in enumerate(_seen_by_taps(x, sliding)):
        total = total + seen * lax.index_in_dim(taps, number, keepdims=False)
    return total


def _seen_by_taps(
    x: Float[Array, "1 rows columns channel"], sliding: _Sliding
) -> Iterator[Float[Array, "1 output_rows output_columns channel"]]:
    """Yield what each tap of a filter is multiplied by, in the order of the filter's weights."""
    x = jnp.pad(x, ((0, 0), *sliding.padding, (0, 0)))
    reach = [(taps - 1) * step for taps, step in zip(sliding.size, sliding.dilation, strict=True)]
    # From the first tap of the first output to that of the last one.
    span = [length - each for length, each in zip(x.shape[1:3], reach, strict=True)]
    for row, column in np.ndindex(sliding.size):
        y, z = row * sliding.dilation[0], column * sliding.dilation[1]
        # Tracing an index of NumPy's kind takes several times as long, and there are hundreds.
        first, end = (0, y, z, 0), (1, y + span[0], z + span[1], x.shape[3])
        yield lax.slice(x, first, end, (1, *sliding.stride, 1))


def _transposed_convolution(node: Node) -> Function:
    """MediaPipe's Convolution2DTransposeBias, of which outputs do not overlap."""
    picture, filters, bias = node.shapes
    _require(len(picture) == len(filters) == 4, "a convolution of other than pictures")
    _require(picture[3] == filters[3] and bias == filters[:1], "channels that do not fit")
    _require(len(node.custom_options) == 12, "options that are not known here")
    _, *stride = struct.unpack("<3i", node.custom_options)
    rows, columns = filters[1:3]
    _require(stride == [columns, rows], "a transposed convolution whose outputs overlap")

    def run(
        x: Float[Array, "1 rows columns input"],
        w: Float[Array, "output height width input"],
        b: Float[Array, " output"],
    ) -> Float[Array, "1 output_rows output_columns output"]:
        blocks = jnp.einsum("nrci,opqi->nrpcqo", x, w, precision=_precision(x))
        return blocks.reshape(1, x.shape[1] * rows, x.shape[2] * columns, -1) + _last(b)

    return run


def _last(channels: Float[Array, " channel"]) -> Float[Array, "1 1 1 channel"]:
    return channels.reshape(1, 1, 1, -1)


def _precision(x: Float[Array, "..."]) -> lax.Precision | None:
    """Products of float32 in float32: accelerators otherwise round them to fewer bits."""
    return lax.Precision.HIGHEST if x.dtype == jnp.float32 else None


# ------------------------------------------------------------------------- shapes and sizes


def _pad(node: Node) -> Function:
    widths = node.constant(1)
    _require(widths.shape == (len(node.shapes[0]), 2), "a padding of other axes")
    _require(widths.min() >= 0 and widths.max() <= _LONGEST_SIDE, "an impossible padding")
    return lambda x: jnp.pad(x, widths.tolist())


def _mean(node: Node) -> Function:
    axes = tuple(node.constant(1).reshape(-1).tolist())
    keep = bool(node.option(0, "b"))
    return lambda x: jnp.mean(x, axes, keepdims=keep)


def _average_pool(node: Node) -> Function:
    whole = node.shapes[0][1:3] == (node.option(4), node.option(3)) and node.output[1:3] == (1, 1)
    _require(whole, "means of parts of a picture")
    activation = _activation(node, 5)
    return lambda x: activation(jnp.mean(x, (1, 2), keepdims=True))


def _max_pool(node: Node) -> Function:
    size, stride = (node.side(4), node.side(3)), (node.side(2), node.side(1))
    padding = _padding(node, node.shapes[0][1:3], size, stride, (1, 1))
    activation = _activation(node, 5)

    def run(x: Float[Array, "1 rows columns channel"]) -> Float[Array, "1 rows columns channel"]:
        window, step = (1, *size, 1), (1, *stride, 1)
        widths = ((0, 0), *padding, (0, 0))
        return activation(lax.reduce_window(x, -jnp.inf, lax.max, window, step, widths))

    return run


def _resize_bilinear(node: Node) -> Function:
    _require(bool(node.option(3, "b")) and not node.option(2, "b"), "pixels with other centres")
    _require(node.constant(1).tolist() == list(node.output[1:3]), "a size other than its result's")
    return lambda x: jax.image.resize(x, node.output, "linear", antialias=False)


def _reshape(node: Node) -> Function:
    return lambda x, *_: x.reshape(node.output)


def _concatenation(node: Node) -> Function:
    axis, activation = node.option(0), _activation(node, 1)
    return lambda *parts: activation(jnp.concatenate(parts, axis))


def _depth_to_space(node: Node) -> Function:
    block = node.side(0)

    def run(x: Float[Array, "1 rows columns depth"]) -> Float[Array, "1 rows columns channel"]:
        _, rows, columns, depth = x.shape
        blocks = x.reshape(rows, columns, block, block, depth // block**2)
        return blocks.transpose(0, 2, 1, 3, 4).reshape(1, rows * block, columns * block, -1)

    return run


MAKERS: dict[str, Callable[[Node], Function]] = {
    "ADD": _binary(jnp.add),
    "AVERAGE_POOL_2D": _average_pool,
    "CONCATENATION": _concatenation,
    "CONV_2D": _convolution,
    "Convolution2DTransposeBias": _transposed_convolution,
    "DEPTHWISE_CONV_2D": _depthwise_convolution,
    "DEPTH_TO_SPACE": _depth_to_space,
    "HARD_SWISH": _elementwise(_hard_swish),
    "LOGISTIC": _elementwise(jax.nn.sigmoid),
    "MAX_POOL_2D": _max_pool,
    "MEAN": _mean,
    "MUL": _binary(jnp.multiply),
    "PAD": _pad,
    "RELU": _elementwise(jax.nn.relu),
    "RELU6": _elementwise(_relu6),
    "RESHAPE": _reshape,
    "RESIZE_BILINEAR": _resize_bilinear,
}
"""What makes a function of a node, by the operator's name.

Each raises ValueError for options that it does not know.
"""

DECODERS = frozenset({"DENSIFY", "DEQUANTIZE"})
"""Operators of constants alone, which change how their numbers are stored."""

"""A pure function of arrays that is exported, and what a reader has to know of it."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import export

Shape = tuple[Any, ...]
"""Of numbers, and of dimensions that `export.symbolic_shape` made."""

PLATFORMS = ("cpu", "cuda", "tpu")

PICTURE_SHAPES = ((16, 9), (9, 16), (4, 3))
"""Ratios of width and height for which there are functions where a network looks at pictures."""

Named = Mapping[str, Any]
"""Arrays by name. Any other container would have to be known where the artefact is read."""


class Argument(NamedTuple):
    """Arrays that a function takes or returns.

    Attributes:
        name: of the argument.
        shapes: dtype and shape of each array, by its name, or of the one array.
        meaning: axes, units and frames, for the reader.
    """

    name: str
    shapes: Mapping[str, jax.ShapeDtypeStruct] | jax.ShapeDtypeStruct
    meaning: str


class Function(NamedTuple):
    """A function to export.

    Attributes:
        name: of its file.
        meaning: what it does.
        call: pure and jittable, from `arguments` to arrays by name.
        arguments: what it takes.
        returns: what it returns, for the reader.
    """

    name: str
    meaning: str
    call: Callable[..., Any]
    arguments: tuple[Argument, ...]
    returns: str


def exported(function: Function) -> export.Exported:
    """Lower a function for all platforms at once.

    By default accelerators multiply matrices with 10 bits or less; here they take full precision.
    """
    with jax.default_matmul_precision("highest"), _without_places():
        lowered = export.export(jax.jit(function.call), platforms=PLATFORMS)
        return lowered(*(argument.shapes for argument in function.arguments))


@contextlib.contextmanager
def _without_places() -> Iterator[None]:
    """Let no file tell in which folder the package lay when it was made."""
    name = "jax_traceback_in_locations_limit"
    before = getattr(jax.config, name)
    jax.config.update(name, 0)
    try:
        yield
    finally:
        jax.config.update(name, before)


def floats(*shape: Any) -> jax.ShapeDtypeStruct:
    """Return the description of a float32 array."""
    return jax.ShapeDtypeStruct(shape, jnp.float32)


def described(tree: Any) -> dict[str, jax.ShapeDtypeStruct]:
    """Return the descriptions of a tree's arrays by their places in it."""
    return {
        name: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) for name, leaf in named(tree).items()
    }


def named(tree: Any) -> dict[str, Any]:
    """Return a tree's leaves by their places in it, such as "lstm.0.1"."""
    return {
        jax.tree_util.keystr(path, simple=True, separator="."): leaf
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
    }


def unnamed(leaves: Named, like: Any) -> Any:
    """Return the tree whose leaves `named` gave.

    Args:
        leaves: by their places.
        like: a tree of the same structure.
    """
    return jax.tree.unflatten(jax.tree.structure(like), [leaves[name] for name in named(like)])

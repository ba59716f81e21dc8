"""The texts that lie beside exported functions: what they take and return, and how to run one."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
from jax import export

from dvs_jax.export.function import Argument, Function

SUFFIX = ".stablehlo"

_SIZE = 4
"""Of each symbolic dimension in the example."""

_OPENING = (
    "# {name}\n\nFunctions of the network `{name}` as StableHLO, made by JAX {jax}. They run on "
    "CPUs, NVIDIA's GPUs and TPUs, without the package that made them: JAX and flatbuffers are "
    "enough (`pip install jax flatbuffers`; `python example.py` tries it). The weights are "
    "inside.\n\nJAX {jax} runs them and, by JAX's promise, releases of at least the following six "
    "months; older ones may not. They have calling-convention version {version}: a JAX reads those "
    "from `jax.export.minimum_supported_calling_convention_version` to `maximum_…`.\n\n"
    "Arrays are entries of dictionaries by the names below, or stand alone. Sizes in words may be "
    "any.\n"
)

_EXAMPLE = '''"""Runs {name}{suffix} by JAX alone: python example.py"""
import sys
from pathlib import Path

import jax
import numpy as np

made, told = "made by JAX {jax}", f"this is {{jax.__version__}}: pip install flatbuffers"
if jax.__version_info__ < {jax_info}:  # It would fail when it compiles.
    sys.exit(f"{{made}}, which older ones do not run, and {{told}} 'jax>={jax}'")
from jax import export

file = Path(__file__).with_name("{name}{suffix}")
try:
    function = export.deserialize(bytearray(file.read_bytes()))
except ValueError as error:  # Files may become too old.
    sys.exit(f"{{made}} ({{str(error).splitlines()[0]}}), and {{told}} jax=={jax}")
arguments = {arguments}
print(function.call(*arguments))
'''


def readme(name: str, functions: Sequence[Function], artefacts: Sequence[export.Exported]) -> str:
    """Return the text of the README."""
    version = artefacts[0].calling_convention_version
    parts = [_OPENING.format(name=name, jax=jax.__version__, version=version)]
    return "\n".join([*parts, *map(_section, functions, artefacts)])


def _section(function: Function, artefact: export.Exported) -> str:
    rows = [row for argument in function.arguments for row in _rows(argument)]
    meanings = "\n".join(f"- `{each.name}`: {each.meaning}" for each in function.arguments)
    outputs = jax.tree.unflatten(artefact.out_tree, artefact.out_avals)
    returned = ", ".join(f"`{name}` {_shape(leaf)}" for name, leaf in _leaves(outputs))
    return "\n".join(
        [
            f"## `{function.name}{SUFFIX}`\n",
            f"{function.meaning}\n",
            "| argument | entry | dtype | shape |\n| --- | --- | --- | --- |",
            *rows,
            f"\n{meanings}\n",
            f"Returns {function.returns}\n",
            f"Of shapes: {returned}\n",
        ]
    )


def _rows(argument: Argument) -> list[str]:
    return [
        f"| `{argument.name}` | {f'`{name}`' if name else ''} | {leaf.dtype} | {_shape(leaf)} |"
        for name, leaf in _leaves(argument.shapes)
    ]


def _leaves(tree: Any) -> list[tuple[str, Any]]:
    found = jax.tree_util.tree_leaves_with_path(tree)
    return [(jax.tree_util.keystr(path, simple=True, separator="."), leaf) for path, leaf in found]


def _shape(leaf: Any) -> str:
    return f"[{', '.join(map(str, leaf.shape))}]"


def example(function: Function) -> str:
    """Return a program that runs a function on ones, by JAX alone."""
    arguments = ", ".join(_ones(argument.shapes) for argument in function.arguments)
    return _EXAMPLE.format(
        name=function.name,
        suffix=SUFFIX,
        jax=jax.__version__,
        jax_info=jax.__version_info__,
        arguments=f"[{arguments}]",
    )


def _ones(shapes: Any) -> str:
    if isinstance(shapes, Mapping):
        return f"{{{', '.join(f'{name!r}: {_ones(each)}' for name, each in shapes.items())}}}"
    sides = [side if isinstance(side, int) else _SIZE for side in shapes.shape]
    return f"np.ones({tuple(sides)}, np.{shapes.dtype})"

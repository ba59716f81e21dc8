"""Floating-point operations of a function, counted in what JAX traced: loops as often as they run.

XLA's cost analysis counts a loop's body once, which for networks that are rolled out over a window
is far too few.
"""

import math
from collections.abc import Callable
from typing import Any

import jax
from jax.extend.core import Jaxpr, JaxprEqn, jaxprs_in_params
from jaxtyping import PyTree


def count(function: Callable[..., Any], *arguments: PyTree) -> float:
    """Return the operations of a function's products of matrices and convolutions.

    A multiplication and an addition are two. All else is left out, as is usual for the share of a
    device's peak. Of a function over several devices those of one are counted; of `cond` the
    branch that has most; and a `while` whose turns are not known counts once.

    Args:
        function: that JAX can trace.
        arguments: those it is called with.
    """
    return _of(jax.make_jaxpr(function)(*arguments).jaxpr)


def _of(jaxpr: Jaxpr) -> float:
    return math.fsum(map(_of_equation, jaxpr.eqns))


def _of_equation(equation: JaxprEqn) -> float:
    told = equation.params
    read: list[Any] = [each.aval for each in equation.invars]
    made: Any = equation.outvars[0].aval if equation.outvars else None
    match equation.primitive.name:
        case "dot_general":
            (contracted, _), _ = told["dimension_numbers"]
            depth = math.prod(read[0].shape[axis] for axis in contracted)
            return 2.0 * depth * made.size
        case "conv_general_dilated":
            taps = read[1].size / read[1].shape[told["dimension_numbers"].rhs_spec[0]]
            # Zeros between the pixels, as in a transposed convolution, multiply nothing.
            return 2.0 * taps * made.size / math.prod(told["lhs_dilation"])
        case "cond":
            return max(_of(branch.jaxpr) for branch in told["branches"])
    inner = math.fsum(map(_of, jaxprs_in_params(told)))
    return inner * told["length"] if equation.primitive.name == "scan" else inner

"""The lens: where a direction lies in the picture, and which direction a point shows.

Directions [x, y, z] are the camera's (x right, y down, z forward), of any length. Points (x, y) are
normalised: pixels from the optical axis over the focal length in pixels. Without distortion a point
is (x / z, y / z). Two models, both as in OpenCV's `calib3d`:

- "fisheye" (Kannala and Brandt, "A Generic Camera Model", 2006), k1 … k4: at the angle θ from the
  axis a point lies at the radius θ·(1 + k1·θ² + k2·θ⁴ + k3·θ⁶ + k4·θ⁸);
- "brown" (Brown, "Close-Range Camera Calibration", 1971), k1, k2, p1, p2, k3: with r = tan θ the
  radius is r·(1 + k1·r² + k2·r⁴ + k3·r⁶), and p1 and p2 decentre it.

Such polynomials describe a lens only as far as it was measured: outside they may turn back. Where
the radius would no longer grow, it goes on growing like the angle instead, so that every direction
has a point of its own. All functions run in NumPy and JAX and have gradients.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import jax
import numpy as np
from jaxtyping import Float

from dvs_jax.quaternion import Array, array_namespace

Model = Literal["fisheye", "brown"]

COEFFICIENTS: dict[Model, tuple[str, ...]] = {
    "fisheye": ("k1", "k2", "k3", "k4"),
    "brown": ("k1", "k2", "p1", "p2", "k3"),
}
"""The models' coefficients, in the order of `Lens.coefficients`."""

NEAREST_DEPTH = 1e-3
"""Smallest homogeneous depth: smaller ones are raised to it, so a point behind the camera lands far
outside the frame on its own side instead of flipping to the other."""

_WIDEST: dict[Model, float] = {"fisheye": math.pi, "brown": math.tan(math.radians(80.0))}
"""Largest angle, or its tangent, at which a polynomial is asked whether it still grows."""

_LEAST_SLOPE = 0.05
_KNOTS = 257
_NEWTON_STEPS = 3
"""From a start between knots a hundredth apart: rounding error in float64."""
_DECENTRING_STEPS = 4
_TINY = 1e-18


@partial(
    jax.tree_util.register_dataclass,
    data_fields=("coefficients", "correction"),
    meta_fields=("model",),
)
@dataclass(frozen=True)
class Lens:
    """A lens's distortion, and how much of it the output corrects; a pytree.

    Attributes:
        model: "fisheye" or "brown".
        coefficients: as many numbers as `COEFFICIENTS` names.
        correction: 0 keeps the lens's projection in the output, 1 makes it rectilinear.
    """

    model: Model
    coefficients: tuple[float, ...]
    correction: float = 0.0


def project(lens: Lens, direction: Float[Array, "*batch 3"]) -> Float[Array, "*batch 2"]:
    """Return the normalised points at which a lens shows directions."""
    if lens.model == "brown":
        return _decentred(lens, over_depth(direction))
    angle = _angle(direction)
    return _at_radius(direction, angle * _gain(lens, angle))


def unproject(lens: Lens, point: Float[Array, "*batch 2"]) -> Float[Array, "*batch 3"]:
    """Return the directions that normalised points show: of depth 1, or of a fisheye length 1."""
    if lens.model == "brown":
        return with_depth(_centred(lens, point))
    return _at_angle(point, _inverse_radius(lens, _length(point)))


def project_output(lens: Lens, direction: Float[Array, "*batch 3"]) -> Float[Array, "*batch 2"]:
    """Return the normalised points at which the output shows directions.

    The output's projection lies between the lens's own and the rectilinear one, by its
    `correction` c. At each radius a fisheye's output shows the angle (1 − c)·θ + c·θ′, where θ is
    the angle that the lens shows there, and θ′ that of a rectilinear picture. Brown's coefficients
    are multiplied by 1 − c.
    """
    if lens.model == "brown":
        return project(_less_distorted(lens), direction)
    filmed = _inverse(partial(_shown_angle, lens), _angle(direction), _WIDEST["fisheye"])
    return _at_radius(direction, filmed * _gain(lens, filmed))


def unproject_output(lens: Lens, point: Float[Array, "*batch 2"]) -> Float[Array, "*batch 3"]:
    """Return the directions that normalised points of the output show; see `project_output`."""
    if lens.model == "brown":
        return unproject(_less_distorted(lens), point)
    filmed = _inverse_radius(lens, _length(point))
    return _at_angle(point, _shown_angle(lens, filmed)[0])


def _less_distorted(lens: Lens) -> Lens:
    left = 1.0 - lens.correction
    return replace(lens, coefficients=tuple(each * left for each in lens.coefficients))


def _shown_angle(
    lens: Lens, filmed: Float[Array, "*batch"]
) -> tuple[Float[Array, "*batch"], Float[Array, "*batch"]]:
    """Return the angle that the output shows where the lens shows another, and its derivative."""
    xp = array_namespace(filmed)
    radius, slope = _radius(lens, filmed)
    left = 1.0 - lens.correction
    angle = left * filmed + lens.correction * xp.arctan(radius)
    return angle, left + lens.correction * slope / (1.0 + radius * radius)


def _radius(
    lens: Lens, place: Float[Array, "*batch"]
) -> tuple[Float[Array, "*batch"], Float[Array, "*batch"]]:
    """Return the radius at an angle (or, for Brown, at its tangent), and its derivative."""
    xp = array_namespace(place)
    limit = _limit(lens, xp)
    _, slope = _polynomial(lens, place)
    return place * _gain(lens, place), xp.where(place < limit, slope, 1.0)


def _gain(lens: Lens, place: Float[Array, "*batch"]) -> Float[Array, "*batch"]:
    """Return the radius over the angle (or its tangent)."""
    xp = array_namespace(place)
    limit = _limit(lens, xp)
    inside, _ = _polynomial(lens, place)
    at_limit, _ = _polynomial(lens, limit)
    beyond = 1.0 + limit * (at_limit - 1.0) / xp.maximum(place, limit)
    return xp.where(place < limit, inside, beyond)


def _limit(lens: Lens, xp: Any) -> Float[Array, ""]:
    """Return the largest angle (or tangent) up to which the radius grows."""
    place = xp.linspace(0.0, _WIDEST[lens.model], _KNOTS)
    _, slope = _polynomial(lens, place)
    limit = (place * xp.cumprod(slope > _LEAST_SLOPE)).max()
    return limit if xp is np else jax.lax.stop_gradient(limit)


def _polynomial(
    lens: Lens, place: Float[Array, "*batch"]
) -> tuple[Float[Array, "*batch"], Float[Array, "*batch"]]:
    """Return 1 + Σ k·s²ⁱ at each s, and the derivative of s times it."""
    radial = lens.coefficients
    if lens.model == "brown":
        radial = (*lens.coefficients[:2], lens.coefficients[4])
    square = place * place
    gain, slope = 0.0 * square, 0.0 * square
    for power, coefficient in reversed(list(enumerate(radial, 1))):
        gain = (gain + coefficient) * square
        slope = (slope + (2 * power + 1) * coefficient) * square
    return 1.0 + gain, 1.0 + slope


def _inverse_radius(lens: Lens, radius: Float[Array, "*batch"]) -> Float[Array, "*batch"]:
    return _inverse(partial(_radius, lens), radius, _WIDEST[lens.model])


def _inverse(
    curve: Callable[[Array], tuple[Array, Array]], value: Float[Array, "*batch"], widest: float
) -> Float[Array, "*batch"]:
    """Return where a growing curve reaches values: between its knots, then by Newton's method."""
    xp = array_namespace(value)
    knots = xp.linspace(0.0, widest, _KNOTS, dtype=value.dtype)
    place = xp.interp(value, curve(knots)[0], knots)
    # The steps give the exact derivative whatever the start's.
    place = place if xp is np else jax.lax.stop_gradient(place)
    for _ in range(_NEWTON_STEPS):
        reached, slope = curve(place)
        place = place - (reached - value) / slope
    return place


def _decentred(lens: Lens, point: Float[Array, "*batch 2"]) -> Float[Array, "*batch 2"]:
    """Return where Brown's model shows points of a rectilinear picture."""
    radius = _length(point)
    return point * _gain(lens, radius)[..., None] + _decentring(lens, point, radius)


def _decentring(
    lens: Lens, point: Float[Array, "*batch 2"], radius: Float[Array, "*batch"]
) -> Float[Array, "*batch 2"]:
    xp = array_namespace(point)
    _, _, p1, p2, _ = lens.coefficients
    # Held beyond the limit: a parabola would fold the picture over.
    held = xp.minimum(1.0, _limit(lens, xp) / radius)
    x, y = point[..., 0] * held, point[..., 1] * held
    square = x * x + y * y
    across = 2.0 * p1 * x * y + p2 * (square + 2.0 * x * x)
    down = p1 * (square + 2.0 * y * y) + 2.0 * p2 * x * y
    return xp.stack([across, down], axis=-1)


def _centred(lens: Lens, point: Float[Array, "*batch 2"]) -> Float[Array, "*batch 2"]:
    """Return the points of a rectilinear picture that Brown's model shows at points."""
    xp = array_namespace(point)
    radius = _length(point)
    source = point * (_inverse_radius(lens, radius) / radius)[..., None]
    for _ in range(_DECENTRING_STEPS):
        residual = _decentred(lens, source) - point
        xx, xy, yy = _jacobian(lens, source)
        determinant = xx * yy - xy * xy
        x = (yy * residual[..., 0] - xy * residual[..., 1]) / determinant
        y = (xx * residual[..., 1] - xy * residual[..., 0]) / determinant
        source = source - xp.stack([x, y], axis=-1)
    return source


def _jacobian(
    lens: Lens, point: Float[Array, "*batch 2"]
) -> tuple[Float[Array, "*batch"], Float[Array, "*batch"], Float[Array, "*batch"]]:
    """Return the derivatives ∂x′/∂x, ∂x′/∂y = ∂y′/∂x and ∂y′/∂y of `_decentred`."""
    xp = array_namespace(point)
    _, _, p1, p2, _ = lens.coefficients
    radius = _length(point)
    gain, (_, slope) = _gain(lens, radius), _radius(lens, radius)
    bend = (slope - gain) / (radius * radius)
    inside = xp.where(radius < _limit(lens, xp), 1.0, 0.0)
    x, y = point[..., 0], point[..., 1]
    return (
        gain + bend * x * x + inside * (2.0 * p1 * y + 6.0 * p2 * x),
        bend * x * y + inside * (2.0 * p1 * x + 2.0 * p2 * y),
        gain + bend * y * y + inside * (6.0 * p1 * y + 2.0 * p2 * x),
    )


def over_depth(direction: Float[Array, "*batch 3"]) -> Float[Array, "*batch 2"]:
    """Return the points of directions without distortion."""
    xp = array_namespace(direction)
    return direction[..., :2] / xp.maximum(direction[..., 2:], NEAREST_DEPTH)


def with_depth(point: Float[Array, "*batch 2"]) -> Float[Array, "*batch 3"]:
    """Return the directions of points without distortion, at depth 1."""
    xp = array_namespace(point)
    return xp.concatenate([point, xp.ones_like(point[..., :1])], axis=-1)


def _angle(direction: Float[Array, "*batch 3"]) -> Float[Array, "*batch"]:
    """Return the angle from the optical axis, in radians."""
    xp = array_namespace(direction)
    return xp.arctan2(_length(direction[..., :2]), direction[..., 2])


def _at_radius(
    direction: Float[Array, "*batch 3"], radius: Float[Array, "*batch"]
) -> Float[Array, "*batch 2"]:
    aside = direction[..., :2]
    return aside * (radius / _length(aside))[..., None]


def _at_angle(
    point: Float[Array, "*batch 2"], angle: Float[Array, "*batch"]
) -> Float[Array, "*batch 3"]:
    xp = array_namespace(point)
    angle = xp.minimum(angle, math.pi)
    aside = point * (xp.sin(angle) / _length(point))[..., None]
    return xp.concatenate([aside, xp.cos(angle)[..., None]], axis=-1)


def _length(point: Float[Array, "*batch 2"]) -> Float[Array, "*batch"]:
    """Return distances from the axis, never quite 0, where they would have no gradient."""
    xp = array_namespace(point)
    return xp.sqrt(point[..., 0] ** 2 + point[..., 1] ** 2 + _TINY)

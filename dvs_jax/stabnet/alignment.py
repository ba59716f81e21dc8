"""By what motion one map of features shows the content of another: weighted least squares.

Gauss and Newton's method on the difference of features, each pixel weighed by how far it is to be
believed (Baker and Matthews, "Lucas-Kanade 20 years on", 2004: the steadied picture's gradients
stand for those of the current one). Everything is differentiable, so the features and the weights
can be learned from the error of what comes out.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

VERTICES = 5
"""Of the mesh, across and down: StabNet's."""

_RIDGE = 1e-3
"""Share of the diagonal that is added to it."""
_SMOOTHNESS = 0.02
"""Weight of the mesh's second differences beside the pixels' evidence."""
_DOUBT = 0.02
"""The same of the displacements themselves."""
_LEAST_SCALE = 1e-3


class Evidence(NamedTuple):
    """What each cell of a map tells about its content's displacement u: of |gradient·u + off|².

    Attributes:
        square: float32 [row, column, 2, 2], weighted products of the gradients, over the channels.
        product: float32 [row, column, 2], weighted products of gradients and differences.
        weight: float32 [row, column], the weights.
    """

    square: Float[Array, "row column 2 2"]
    product: Float[Array, "row column 2"]
    weight: Float[Array, "row column"]


def gradients(
    features: Float[Array, "row column channel"], step: float
) -> Float[Array, "row column channel 2"]:
    """Return central differences along x and y, by width."""
    down, across = jnp.gradient(features, step, axis=(0, 1))
    return jnp.stack([across, down], axis=-1)


def evidence(
    gradient: Float[Array, "row column channel 2"],
    difference: Float[Array, "row column channel"],
    trust: Float[Array, "row column"],
) -> Evidence:
    """Weigh each cell by how far it is trusted, and robustly (Cauchy) by its difference.

    Args:
        gradient: of the steadied picture's features.
        difference: the current features where they are thought to be, less the steadied ones.
        trust: 0 or more.
    """
    squared = (difference**2).mean(axis=-1)
    scale = (trust * squared).sum() / jnp.maximum(trust.sum(), 1e-6) + _LEAST_SCALE
    weight = trust / (1.0 + squared / scale)
    weighted = gradient * weight[..., None, None]
    square = jnp.einsum("rcfi,rcfj->rcij", weighted, gradient)
    product = jnp.einsum("rcfi,rcf->rci", weighted, difference)
    return Evidence(square, product, weight)


def similarity(evidence: Evidence, points: Float[Array, "row column 2"]) -> Float[Array, "4"]:
    """Return the motion of the current content beside the steadied: x, y, roll and log zoom.

    Args:
        evidence: of the cells.
        points: where they are.
    """
    x, y = points[..., 0], points[..., 1]
    one, none = jnp.ones_like(x), jnp.zeros_like(x)
    displaced = jnp.stack([one, none, none, one, -y, x, x, y], axis=-1)
    displaced = displaced.reshape(*x.shape, 4, 2)
    half = jnp.einsum("rcki,rcij->rckj", displaced, evidence.square)
    square = jnp.einsum("rckj,rclj->kl", half, displaced)
    product = jnp.einsum("rcki,rci->k", displaced, evidence.product)
    diagonal = jnp.diag(jnp.diag(square) * _RIDGE + 1e-6)
    return -jnp.linalg.solve(square + diagonal, product)


def mesh(evidence: Evidence) -> Float[Array, "5 5 2"]:
    """Return by how much the content near each vertex moves, smoothly where little is known."""
    down, across = (jnp.asarray(_hats(length)) for length in evidence.weight.shape)
    pairs_across = jnp.einsum("rcij,cp,cq->rpqij", evidence.square, across, across)
    square = jnp.einsum("rpqij,ra,rb->apibqj", pairs_across, down, down)
    product = jnp.einsum("rci,ra,cp->api", evidence.product, down, across)
    size = 2 * VERTICES**2
    square = square.reshape(size, size)
    usual = jnp.trace(square) / size
    stiff = jnp.asarray(_STIFF) * (usual + 1e-6)
    return -jnp.linalg.solve(square + stiff, product.reshape(size)).reshape(VERTICES, VERTICES, 2)


def _hats(length: int) -> Float[np.ndarray, "cell vertex"]:
    """Return the vertices' shares in cells that lie evenly from the first to the last of them."""
    place = (np.arange(length) + 0.5) / length * (VERTICES - 1)
    return np.maximum(1.0 - np.abs(place[:, None] - np.arange(VERTICES)), 0.0).astype(np.float32)


def _stiffness() -> Float[np.ndarray, "number number"]:
    """Return the matrix of the mesh's second differences and displacements."""
    second = np.diff(np.eye(VERTICES), n=2, axis=0)
    bent = second.T @ second
    one = np.eye(VERTICES)
    plane = _SMOOTHNESS * (np.kron(bent, one) + np.kron(one, bent)) + _DOUBT * np.eye(VERTICES**2)
    return np.kron(plane, np.eye(2)).astype(np.float32)


_STIFF = _stiffness()

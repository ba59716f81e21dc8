"""Frames steadied one after the other, each by the picture that was made of the one before."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from dvs_jax.motion import plane
from dvs_jax.stabnet import law as laws
from dvs_jax.stabnet.alignment import VERTICES
from dvs_jax.stabnet.features import Features
from dvs_jax.stabnet.law import Law
from dvs_jax.stabnet.network import Found, Look, Network, as_filmed
from dvs_jax.stabnet.sampling import Raster
from dvs_jax.warping import grid as grids

_MESH_HZ = 0.5
"""Displacements that change faster are taken out; slower ones are the scene's own."""
_FARTHEST = 6.0 / 640.0
"""Of displacements, in widths."""
_OTHER, _SAME = 0.2, 0.5
"""Likeness up to which two pictures show different things, so that a frame stays as it is, and from
which they show the same. Held-out scenes that do are above 0.7, others below 0.2."""


class Setting(NamedTuple):
    """What is the same for all frames of a clip.

    Attributes:
        law: by which the steadied camera moves.
        mesh_kept: float32 [], share of displacements that is left from frame to frame.
    """

    law: Law
    mesh_kept: Float[Array, ""]


class State(NamedTuple):
    """After a frame.

    Attributes:
        features: of the steadied picture.
        look: how it was drawn.
        steps: float32 [frame, 4], the steadied camera's latest steps, newest last.
    """

    features: Features
    look: Look
    steps: Float[Array, "frame 4"]


def setting(rate: float, crop: float, aspect: float) -> Setting:
    """Return what is the same for all frames of a clip; see `law.law`."""
    kept = np.exp(-2.0 * np.pi * _MESH_HZ / rate)
    return Setting(laws.law(rate, crop, aspect), jnp.float32(kept))


def begin(network: Network, setting: Setting, picture: Float[Array, "rows columns"]) -> State:
    """Return the state after the first frame, which is shown as it is."""
    steps = jnp.zeros((len(setting.law.latest), 4), jnp.float32)
    return State(network.features(picture), as_filmed(), steps)


def push(
    network: Network, setting: Setting, state: State, picture: Float[Array, "rows columns"]
) -> tuple[State, Found]:
    """Steady a frame.

    Args:
        network: compares it with the steadied picture.
        setting: of the clip.
        state: after the frame before.
        picture: grey, 0 to 1, `LONGER_SIDE` pixels long.

    Returns:
        The state after it, and how it was found to lie beside the steadied picture before.
    """
    found = network.compare(state.features, state.look, picture)
    share = jnp.clip((found.likeness - _OTHER) / (_SAME - _OTHER), 0.0, 1.0)
    look = _steadied(setting, state, found, share)
    step = share * plane.seen_from(found.look.camera, look.camera)
    features = network.features(drawn(picture, look))
    return State(features, look, laws.pushed(state.steps, step)), found


def _steadied(setting: Setting, state: State, found: Found, share: Float[Array, ""]) -> Look:
    """Return how the frame is drawn: a share of the way from as it is to as the law wants."""
    before = found.look.camera
    real = plane.seen_from(before, jnp.zeros_like(before))
    camera = plane.beside(before, laws.next_step(setting.law, state.steps, real))
    mesh = jnp.clip(setting.mesh_kept * found.look.mesh, -_FARTHEST, _FARTHEST)
    return Look(share * camera, share * mesh)


def drawn(picture: Float[Array, "rows columns"], look: Look) -> Float[Array, "rows columns"]:
    """Draw a frame at the network's size; the outermost pixels go on beyond its edges."""
    rows, columns = picture.shape
    raster = Raster(1.0 / columns, rows / columns)
    points = look.source(raster.points(rows, columns), raster.aspect)
    return raster.sampled(picture[..., None], points)[0][..., 0]


def source(look: Look, aspect: float) -> Float[Array, "5 5 2"]:
    """Return the grid of a look: source points of the vertices, in shares of the frame."""
    share = jnp.asarray(grids.output_points(VERTICES, VERTICES), jnp.float32)
    sides = jnp.broadcast_to(jnp.asarray([1.0, aspect], jnp.float32), share.shape)
    point = (share - 0.5) * sides
    # So written, a look that changes nothing gives exactly the output's points.
    return share + (look.source(point, aspect) - point) / sides

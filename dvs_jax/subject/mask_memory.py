"""How a person's mask goes on from frame to frame, as a function of an explicit state.

The mask moves along with the person's anchor, and a share of the new one is blended in.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float

from dvs_jax.subject.mask import Outline
from dvs_jax.subject.region import Region, crop_matrix, sampled

HALF_S = 1 / 30
"""In which half of a mask is the new one's: see docs/subject.md for how this was settled."""

LONGEST_S = 0.5
"""For which a mask goes on where no new one is found."""


class Remembered(NamedTuple):
    """What one frame hands on to the next.

    Attributes:
        mask: float32, over the region.
        region: where it lies in the frame.
        anchor: float32, (x, y) of the person's anchor in pixels.
        time_s: float32, of the frame, seconds from the clip's start.
        seen_s: float32, of the last frame in which a mask was found; -inf before the first.
    """

    mask: Float[Array, "size size"]
    region: Region
    anchor: Float[Array, "2"]
    time_s: Float[Array, ""]
    seen_s: Float[Array, ""]

    @property
    def counts(self) -> Bool[Array, ""]:
        """Whether the mask is no older than `LONGEST_S`."""
        return self.time_s - self.seen_s <= LONGEST_S


def nothing(size: int) -> Remembered:
    """Return what is remembered before the first frame.

    Args:
        size: of the masks' sides.
    """
    zero = jnp.float32(0)
    square = Region(jnp.zeros(2), jnp.float32(1), zero)
    return Remembered(jnp.zeros((size, size)), square, jnp.zeros(2), zero, jnp.float32(-jnp.inf))


@jax.jit
def following(
    before: Remembered,
    seen: Outline,
    region: Region,
    anchor: Float[Array, "2"],
    time_s: Float[Array, ""],
) -> Remembered:
    """Go on to the next frame.

    m ← (1 − a) m₋ + a m, where m₋ is the mask before, moved as the anchor was, and
    a = 1 − 0.5^(T / `HALF_S`) after T seconds; 1 if m₋ is older than `LONGEST_S`.

    Args:
        before: what the frame before handed on.
        seen: of this frame, without a leading axis; a mask that was not found may hold anything.
        region: which it covers.
        anchor: (x, y) in pixels.
        time_s: of this frame.
    """
    moved = before.region._replace(center=before.region.center + anchor - before.anchor)
    kept = _brought(before.mask, moved, region)
    share = 1 - 0.5 ** ((time_s - before.time_s) / HALF_S)
    blended = kept + jnp.where(before.counts, share, 1.0) * (seen.mask - kept)
    now = Remembered(blended, region, anchor, time_s, time_s)
    carried = Remembered(before.mask, moved, anchor, time_s, before.seen_s)
    return jax.tree.map(lambda one, other: jnp.where(seen.found, one, other), now, carried)


def _brought(
    mask: Float[Array, "size size"], source: Region, target: Region
) -> Float[Array, "size size"]:
    """Return a region's mask as another region sees it, zero where it does not reach."""
    size = mask.shape[0]
    matrix = jnp.linalg.solve(crop_matrix(source, size, size), crop_matrix(target, size, size))
    rows, columns = jnp.meshgrid(jnp.arange(size), jnp.arange(size), indexing="ij")
    places = jnp.stack([columns, rows], -1) @ matrix[:2, :2].T + matrix[:2, 2].reshape(1, 1, 2)
    return sampled(mask[..., None], places, edge=False)[..., 0]


@jax.jit
def through(
    seen: Outline,
    regions: Region,
    anchors: Float[Array, "frame 2"],
    time_s: Float[Array, " frame"],
) -> Remembered:
    """Return what each frame of a clip hands on; for batches of clips, `jax.vmap`.

    Args: as of `following`, with a leading axis for the frame.
    """

    def step(
        before: Remembered, now: tuple[Outline, Region, Array, Array]
    ) -> tuple[Remembered, Remembered]:
        after = following(before, *now)
        return after, after

    start = nothing(seen.mask.shape[-1])
    return lax.scan(step, start, (seen, regions, anchors, time_s))[1]

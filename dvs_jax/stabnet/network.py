"""Our StabNet: by what motion, and what mesh, a new frame shows what the steadied one showed.

The newest steadied picture and the current frame are compared by learned features, from coarse to
fine: a correlation finds the shift, then rounds of weighted least squares look again and again
through what was found so far. Works on one clip, without a batch axis; `jax.vmap` makes batches.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float

from dvs_jax.motion import plane
from dvs_jax.stabnet import alignment, correlation
from dvs_jax.stabnet.alignment import VERTICES
from dvs_jax.stabnet.features import CHANNELS, Encoder, Features
from dvs_jax.stabnet.sampling import Raster, at_vertices

LONGER_SIDE = 320
"""Longer side, in pixels, of the pictures that the network looks at."""

_ROUNDS = 2
"""Looks at each scale."""


class Look(NamedTuple):
    """A backward map: how the frame is drawn.

    The output's point p shows the frame's point `plane_of(p + displacement, camera)`.

    Attributes:
        camera: float32 [4], the output's, over the plane of the frame's picture.
        mesh: float32 [5, 5, 2], displacements at the vertices, bilinear between, in widths.
    """

    camera: Float[Array, "4"]
    mesh: Float[Array, "5 5 2"]

    def source(self, point: Float[Array, "*point 2"], aspect: float) -> Float[Array, "*point 2"]:
        """Return the frame's points that are shown at points of the output."""
        return plane.plane_of(point + at_vertices(self.mesh, point, aspect), self.camera)


class Found(NamedTuple):
    """What a comparison finds.

    Attributes:
        look: by which the current frame shows what the steadied picture showed.
        rougher: the same after the rounds at an eighth and at a quarter of the size.
        likeness: float32 [], -1 to 1, correlation of the two pictures' features by that look: near
            0 where they show different things.
    """

    look: Look
    rougher: tuple[Look, Look]
    likeness: Float[Array, ""]


def as_filmed() -> Look:
    """Return the look that changes nothing."""
    return Look(jnp.zeros(4, jnp.float32), jnp.zeros((VERTICES, VERTICES, 2), jnp.float32))


class Network(nnx.Module):
    """Compares pictures; before training all cells count alike, and filters are random."""

    def __init__(self, rngs: nnx.Rngs):
        """Draw the weights of the features; those of what judges cells are zero."""
        zeros = nnx.initializers.zeros
        self.encoder = Encoder(rngs)
        self.judges = nnx.List(
            [nnx.Conv(2 * each, 1, (3, 3), kernel_init=zeros, rngs=rngs) for each in CHANNELS]
        )

    def features(self, picture: Float[Array, "rows columns"]) -> Features:
        """Return the features of a grey picture, 0 to 1, `LONGER_SIDE` pixels long."""
        return self.encoder(picture)

    def compare(
        self, steadied: Features, drawn: Look, picture: Float[Array, "rows columns"]
    ) -> Found:
        """Find how the current frame shows what the steadied picture showed.

        Args:
            steadied: features of the newest steadied picture.
            drawn: how that was drawn, of the frame before; the search begins there.
            picture: the current frame, grey, 0 to 1.
        """
        current, look, rougher = self.features(picture), drawn, []
        rows, columns = picture.shape
        aspect = rows / columns
        pairs = list(zip(steadied, current, self.judges, strict=True))[::-1]
        for number, (before, now, judge) in enumerate(pairs):
            raster = Raster(2.0 ** (len(pairs) - number) / columns, aspect)
            comparison = _Comparison(raster, before, now, judge, drawn)
            if number == 0:
                look = comparison.shifted(look)
            for _ in range(_ROUNDS):
                look, evidence = comparison.nearer(look)
            rougher.append(look)
        likeness = comparison.likeness(look)
        look = look._replace(mesh=look.mesh + alignment.mesh(evidence))
        return Found(look, (rougher[0], rougher[1]), likeness)


class _Comparison:
    """The two pictures' features at one scale."""

    def __init__(
        self,
        raster: Raster,
        steadied: Float[Array, "row column channel"],
        current: Float[Array, "row column channel"],
        judge: nnx.Conv,
        drawn: Look,
    ):
        """Compute what is the same in all rounds."""
        self.raster, self.steadied, self.current, self.judge = raster, steadied, current, judge
        self.points = raster.points(*steadied.shape[:2])
        self.gradient = alignment.gradients(steadied, raster.step)
        self.shown = self._seen(drawn)[1]

    def _seen(
        self, look: Look
    ) -> tuple[Float[Array, "row column channel"], Bool[Array, "row column"]]:
        return self.raster.sampled(self.current, look.source(self.points, self.raster.aspect))

    def shifted(self, look: Look) -> Look:
        """Return the look shifted by whole cells to where the pictures agree best."""
        shift = correlation.best_shift(self.steadied, self._seen(look)[0]) * self.raster.step
        return _after(look, jnp.concatenate([shift, jnp.zeros(2)]))

    def nearer(self, look: Look) -> tuple[Look, alignment.Evidence]:
        """Return a look that agrees better, and the evidence for it."""
        seen, inside = self._seen(look)
        off = seen - self.steadied
        judged = self.judge(jnp.concatenate([self.steadied, jnp.abs(off)], axis=-1))[..., 0]
        trust = jax.nn.sigmoid(judged) * (inside & self.shown)
        evidence = alignment.evidence(self.gradient, off, trust)
        return _after(look, alignment.similarity(evidence, self.points)), evidence

    def likeness(self, look: Look) -> Float[Array, ""]:
        """Return the correlation of the features where both pictures show something."""
        seen, inside = self._seen(look)
        both = (inside & self.shown)[..., None]
        one, other = _about_mean(self.steadied, both), _about_mean(seen, both)
        size = jnp.sqrt((one**2).sum() * (other**2).sum())
        return (one * other).sum() / jnp.maximum(size, 1e-6)


def _after(look: Look, motion: Float[Array, "4"]) -> Look:
    """Return the look by which content is where it was before it moved.

    Args:
        look: by which it is seen to have moved.
        motion: x, y, roll and log zoom: it is now seen at z p + t.
    """
    # The camera that moves as the content seems to is the one over whose plane it stands still.
    return look._replace(
        camera=plane.beside(look.camera, jnp.concatenate([motion[:2], -motion[2:]]))
    )


def _about_mean(
    features: Float[Array, "row column channel"], counted: Bool[Array, "row column 1"]
) -> Float[Array, "row column channel"]:
    """Return features less their mean where they count, and 0 elsewhere."""
    total = jnp.where(counted, features, 0.0).sum((0, 1), keepdims=True)
    return jnp.where(counted, features - total / jnp.maximum(counted.sum(), 1), 0.0)

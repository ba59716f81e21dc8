"""STAR-VP: the motion's and the content's predictions, and a gate between them."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Int

from dvs_jax.viewport import sphere
from dvs_jax.viewport.cues import Cues, of_head
from dvs_jax.viewport.starvp.architecture import Architecture
from dvs_jax.viewport.starvp.content import Content, Encoded
from dvs_jax.viewport.starvp.motion import Autoregressive, FromDamped, Viewers
from dvs_jax.viewport.traces.trace import FACE

_FACE = 16
"""Width of the face's layer in the gate."""


class Prediction(NamedTuple):
    """Of a window; directions are in the picture's frame, as `sphere` defines it.

    Attributes:
        direction: float32 [future, 3], of unit length but for rounding: where the viewer looks.
        fused: float32 [future, 3], the same before it was brought to that length.
        motion: float32 [future, 3], of any length: as the motion alone predicts it.
        content: float32 [future, 3], likewise as motion and content do.
        gate: float32 [future], the motion's share of the fused one.
    """

    direction: Float[Array, "future 3"]
    fused: Float[Array, "future 3"]
    motion: Float[Array, "future 3"]
    content: Float[Array, "future 3"]
    gate: Float[Array, "future"]


class Gate(nnx.Module):
    """How far the motion's prediction is trusted at each step."""

    def __init__(self, of: Architecture, rngs: nnx.Rngs):
        self.hidden = nnx.Linear(6 * of.future + _FACE * of.face, of.gate, rngs=rngs)
        self.output = nnx.Linear(of.gate, of.future, rngs=rngs)
        if of.face:
            self.of_face = nnx.Linear(len(FACE), _FACE, rngs=rngs)
        self.of = of

    def __call__(
        self,
        motion: Float[Array, "future 3"],
        content: Float[Array, "future 3"],
        face: Float[Array, "past 5"],
    ) -> Float[Array, "future"]:
        """Return the motion's share at each step, 0 to 1; the face counts by its mean."""
        known = [jnp.concatenate([motion, content], axis=-1).ravel()]
        if self.of.face:
            known.append(jax.nn.relu(self.of_face(face.mean(axis=0))))
        return jax.nn.sigmoid(self.output(jax.nn.relu(self.hidden(jnp.concatenate(known)))))


class Network(nnx.Module):
    """Predicts one window; `jax.vmap` makes it predict many."""

    def __init__(self, of: Architecture, rngs: nnx.Rngs):
        self.motion = (FromDamped if of.damped_prior else Autoregressive)(of, rngs)
        if of.viewers:
            self.viewers = Viewers(of, rngs)
        if not of.motion_alone:
            self.content, self.gate = Content(of, rngs), Gate(of, rngs)
        self.of = of

    def __call__(
        self,
        past: Float[Array, "past 3"],
        points: Float[Array, "step point 4"],
        known: Bool[Array, "step"],
        cues: Cues | None = None,
        viewer: Int[Array, ""] | int = 0,
        encoded: Encoded | None = None,
    ) -> Prediction:
        """Predict a window.

        Args:
            past: unit vectors, the last one last.
            points: (x, y, z, value), salient points of the past's and the future's instants.
            known: at which instants the saliency is known; the rest of `points` has no effect.
            cues: of the past's samples; None where nothing but the head was seen.
            viewer: 1 for the first that the architecture names, and so on; 0 for anyone else.
            encoded: what `encode` tells of points and knowledge; None to compute it.
        """
        cues = of_head(past) if cues is None else cues
        azimuth = jnp.arctan2(past[-1, 1], past[-1, 0]) if self.of.turn else 0.0
        if self.of.turn:
            past = sphere.turned(past, -azimuth)
            places = sphere.turned(points[..., :3], -azimuth)
            points = jnp.concatenate([places, points[..., 3:]], axis=-1)
            cues = cues._replace(gaze=sphere.turned(cues.gaze, -azimuth))
        begin = self.viewers(jnp.asarray(viewer)) if self.of.viewers else None
        motion = self.motion(past, cues, begin)
        if encoded is None and not self.of.motion_alone:
            encoded = self.content.encode(points, known)
        content, gate = self._content(past, motion, encoded, cues)
        fused = gate[:, None] * motion + (1.0 - gate[:, None]) * content
        direction = sphere.normalize(fused)
        if self.of.turn:
            direction, fused, motion, content = (
                sphere.turned(each, azimuth) for each in (direction, fused, motion, content)
            )
        return Prediction(direction, fused, motion, content, gate)

    @property
    def encodes_ahead(self) -> bool:
        """Whether what `encode` tells of an instant is the same wherever one looks."""
        return not (self.of.turn or self.of.motion_alone)

    def encode(self, points: Float[Array, "point 4"], known: Bool[Array, ""]) -> Encoded:
        """Encode the saliency of one instant; see `encodes_ahead`."""
        return self.content.spatial.encode(points, known)

    def _content(
        self,
        past: Float[Array, "past 3"],
        motion: Float[Array, "future 3"],
        encoded: Encoded | None,
        cues: Cues,
    ) -> tuple[Float[Array, "future 3"], Float[Array, "future"]]:
        """The content's prediction and the gate."""
        if encoded is None:
            return motion, jnp.ones(self.of.future)
        seen = jax.lax.stop_gradient(motion) if self.of.detached else motion
        found = self.content(jnp.concatenate([past, seen]), encoded, cues.gaze)
        if self.of.residual:
            found = sphere.normalize(past[-1:] + found)
        return found, self.gate(motion, found, cues.face)

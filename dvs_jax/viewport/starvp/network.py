"""STAR-VP: the motion's and the content's predictions, and a gate between them."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float

from dvs_jax.viewport import sphere
from dvs_jax.viewport.starvp.architecture import Architecture
from dvs_jax.viewport.starvp.content import Content
from dvs_jax.viewport.starvp.motion import Autoregressive, FromDamped


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
        self.hidden = nnx.Linear(6 * of.future, of.gate, rngs=rngs)
        self.output = nnx.Linear(of.gate, of.future, rngs=rngs)

    def __call__(
        self, motion: Float[Array, "future 3"], content: Float[Array, "future 3"]
    ) -> Float[Array, "future"]:
        """Return the motion's share at each step, 0 to 1."""
        both = jnp.concatenate([motion, content], axis=-1).ravel()
        return jax.nn.sigmoid(self.output(jax.nn.relu(self.hidden(both))))


class Network(nnx.Module):
    """Predicts one window; `jax.vmap` makes it predict many."""

    def __init__(self, of: Architecture, rngs: nnx.Rngs):
        self.motion = (FromDamped if of.damped_prior else Autoregressive)(of, rngs)
        if not of.motion_alone:
            self.content, self.gate = Content(of, rngs), Gate(of, rngs)
        self.of = of

    def __call__(
        self,
        past: Float[Array, "past 3"],
        points: Float[Array, "step point 4"],
        known: Bool[Array, "step"],
    ) -> Prediction:
        """Predict a window.

        Args:
            past: unit vectors, the last one last.
            points: (x, y, z, value), salient points of the past's and the future's instants.
            known: at which instants the saliency is known; the rest of `points` has no effect.
        """
        azimuth = jnp.arctan2(past[-1, 1], past[-1, 0]) if self.of.turn else 0.0
        if self.of.turn:
            past = sphere.turned(past, -azimuth)
            places = sphere.turned(points[..., :3], -azimuth)
            points = jnp.concatenate([places, points[..., 3:]], axis=-1)
        motion = self.motion(past)
        content, gate = self._content(past, motion, points, known)
        fused = gate[:, None] * motion + (1.0 - gate[:, None]) * content
        direction = sphere.normalize(fused)
        if self.of.turn:
            direction, fused, motion, content = (
                sphere.turned(each, azimuth) for each in (direction, fused, motion, content)
            )
        return Prediction(direction, fused, motion, content, gate)

    def _content(
        self,
        past: Float[Array, "past 3"],
        motion: Float[Array, "future 3"],
        points: Float[Array, "step point 4"],
        known: Bool[Array, "step"],
    ) -> tuple[Float[Array, "future 3"], Float[Array, "future"]]:
        """The content's prediction and the gate."""
        if self.of.motion_alone:
            return motion, jnp.ones(self.of.future)
        seen = jax.lax.stop_gradient(motion) if self.of.detached else motion
        found = self.content(jnp.concatenate([past, seen]), points, known)
        if self.of.residual:
            found = sphere.normalize(past[-1:] + found)
        return found, self.gate(motion, found)

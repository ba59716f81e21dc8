"""The training objective: runs both networks on a clip and compares what comes of it.

The parameters are {"generator": …, "discriminator": …}. Each network's gradient comes from its own
terms alone: where a term uses the other one, that is held still.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Key

from dvs_jax.stabgan import affine_warp, losses, takes
from dvs_jax.stabgan.discriminator import Discriminator
from dvs_jax.stabgan.generator import Generator, generator_input
from dvs_jax.stabgan.takes import Take
from dvs_jax.training.photographs import Example

MOTION_TERMS = ("supervised", "smooth", "inside")
LOOK_TERMS = ("pixel", "perceptual")
GAN_TERMS = ("gan", "discriminator", "r1")
TERMS = (*MOTION_TERMS, *LOOK_TERMS, *GAN_TERMS)

Terms = dict[str, Float[Array, ""]]
Params = Mapping[str, nnx.State]
Difference = Callable[[losses.Clip, losses.Clip], Float[Array, ""]]


class Setting(NamedTuple):
    """What is the same for all clips.

    Attributes:
        generator: without its weights.
        discriminator: likewise.
        frames: of a clip.
        difference: of two clips to the eye, see `perceptual`.
    """

    generator: nnx.GraphDef[Generator]
    discriminator: nnx.GraphDef[Discriminator]
    frames: int
    difference: Difference


def clip_loss(
    setting: Setting,
    params: Params,
    example: Example,
    key: Key[Array, ""],
    weights: Mapping[str, Float[Array, ""]],
) -> tuple[Float[Array, ""], Terms]:
    """Return the weighted sum of the terms, and each term, of one clip.

    "supervised" is the distance from the true maps, "smooth" how the output's motion changes,
    "inside" what reaches beyond the frame; "pixel" and "perceptual" compare with the steady clip;
    "gan" is the generator's, "discriminator" and "r1" are the discriminator's. Terms whose weights
    are all 0 cost nothing and are told as 0, the looks and the GAN's together.

    Args:
        setting: the networks and the clips.
        params: the weights of both.
        example: what the clip is drawn from.
        key: of all that is random.
        weights: of the terms by name.
    """
    drawing, filming, spoiling, looking = jax.random.split(key, 4)
    take = takes.draw(drawing, example, setting.frames)
    clip = takes.shaky_clip(filming, take)
    generator = nnx.merge(setting.generator, params["generator"])
    seen = generator_input(clip, takes.spoiled_flow(spoiling, take))
    theta = generator(seen, jnp.ones(setting.frames, bool), takes.ASPECT)
    terms = motion_terms(theta, take) | _where_weighed(
        weights,
        (*LOOK_TERMS, *GAN_TERMS),
        lambda: _look_terms(setting, params, weights, _Shown(clip, theta, take, looking)),
    )
    return sum((weights[name] * term for name, term in terms.items()), jnp.zeros(())), terms


def motion_terms(theta: losses.Affines, take: Take) -> Terms:
    """Return the terms that only maps and poses are needed for."""
    return {
        "supervised": losses.corner_distance(theta, takes.corrections(take), takes.SIZE),
        "smooth": losses.unsmooth_motion(theta, takes.motion(take), takes.SIZE),
        "inside": losses.uncovering(theta, takes.CROP, takes.SIZE),
    }


class _Shown(NamedTuple):
    """A shaky clip, its maps, and what the steady clip is filmed by."""

    clip: losses.Clip
    theta: losses.Affines
    take: Take
    key: Key[Array, ""]


def _look_terms(
    setting: Setting, params: Params, weights: Mapping[str, Float[Array, ""]], shown: _Shown
) -> Terms:
    fake, inside = jax.vmap(lambda frame, theta: affine_warp.warp(frame, theta, False))(
        shown.clip, shown.theta
    )
    # Black borders would give away what was warped: both have the same.
    border = jnp.broadcast_to(inside[..., None], fake.shape)
    fake, real = fake * border, takes.steady_clip(shown.key, shown.take) * border
    looks = {
        "pixel": losses.pixel_difference_inside(fake, real, inside),
        "perceptual": setting.difference(fake, real),
    }
    return looks | _where_weighed(
        weights, GAN_TERMS, lambda: _gan_terms(setting.discriminator, params, fake, real)
    )


def _gan_terms(
    graph: nnx.GraphDef[Discriminator], params: Params, fake: losses.Clip, real: losses.Clip
) -> Terms:
    learning = nnx.merge(graph, params["discriminator"])
    still = nnx.merge(graph, jax.lax.stop_gradient(params["discriminator"]))
    of_fake = learning(jax.lax.stop_gradient(fake))
    return {
        "gan": losses.fooling(still(fake)),
        "discriminator": losses.telling_apart(learning(real), of_fake),
        "r1": losses.gradient_penalty(learning, real),
    }


def _where_weighed(
    weights: Mapping[str, Float[Array, ""]], names: tuple[str, ...], terms: Callable[[], Terms]
) -> Terms:
    """Return terms, 0 without computing them if none of them weighs anything."""
    weighed = jnp.stack([weights[name] for name in names]).max() > 0.0
    return jax.lax.cond(weighed, terms, lambda: {name: jnp.zeros(()) for name in names})

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

from dvs_jax.stabgan import affine_warp, losses, paths, takes
from dvs_jax.stabgan.discriminator import Discriminator
from dvs_jax.stabgan.generator import Generator, generator_input
from dvs_jax.stabgan.takes import Take
from dvs_jax.training.photographs import Example

MOTION_TERMS = ("supervised", "smooth", "inside")
LOOK_TERMS = ("pixel", "perceptual")
GAN_TERMS = ("gan", "discriminator", "r1")
CLIP_TERMS = (*MOTION_TERMS, *LOOK_TERMS, *GAN_TERMS)
TERMS = ("paths", *CLIP_TERMS)
ACCURACY = "accuracy"
"""Share of patches that the discriminator judges right; told beside the terms."""

_PATHS, _PATH_FRAMES = 16, 128
"""Paths without pictures to a clip, and their frames."""
_LEAST_DISTANCE, _LEAST_SHAKE = 0.2, 0.05
"""In pixels: added where errors are told as shares of a clip's, so that still ones stay still."""
_MOST = 2.0
"""Limit of such shares: of clips that hardly move, what is wrong can be many times the movement."""

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

    "paths" is the distance from the true maps of paths without pictures, as a share of that as
    filmed; "supervised" is that of a clip's, "smooth" how the output's motion changes, as
    a share of the input's, "inside" what reaches beyond the frame;
    "pixel" and "perceptual" compare with the steady clip; "gan" is the generator's, "discriminator"
    and "r1" are the discriminator's. If "paths" alone has a weight, the clip's terms are not
    computed but told as 0; nor are the looks' and the GAN's if none of these has one, nor the GAN's
    alone.

    Args:
        setting: the networks and the clips.
        params: the weights of both.
        example: what the clip is drawn from.
        key: of all that is random.
        weights: of the terms by name.
    """
    weighed = frozenset(weights)
    generator = nnx.merge(setting.generator, params["generator"])
    terms = dict.fromkeys((*TERMS, ACCURACY), jnp.zeros(()))
    along, clipping = jax.random.split(key)
    if "paths" in weighed:
        terms["paths"] = _path_term(generator, along)
    if not weighed.isdisjoint(CLIP_TERMS):
        terms |= _clip_terms(
            setting, generator, params["discriminator"], example, clipping, weighed
        )
    return sum((weights[name] * terms[name] for name in weighed), jnp.zeros(())), terms


def _path_term(generator: Generator, key: Key[Array, ""]) -> Float[Array, ""]:
    def distance(key: Key[Array, ""]) -> Float[Array, ""]:
        flow, wanted = paths.draw(key, _PATH_FRAMES)
        theta = generator.maps_by_flow(flow, takes.ASPECT)
        return _share_wrong(theta, wanted)

    return jax.vmap(distance)(jax.random.split(key, _PATHS)).mean()


def _clip_terms(
    setting: Setting,
    generator: Generator,
    judge: nnx.State,
    example: Example,
    key: Key[Array, ""],
    weighed: frozenset[str],
) -> Terms:
    drawing, filming, flowing, looking, judging = jax.random.split(key, 5)
    take = takes.draw(drawing, example, setting.frames)
    clip = takes.shaky_clip(filming, take)
    seen = generator_input(clip, takes.flow(flowing, take, clip))
    theta = generator(seen, jnp.ones(setting.frames, bool), takes.ASPECT)
    terms = motion_terms(theta, take)
    if not weighed.isdisjoint(LOOK_TERMS + GAN_TERMS):
        looks = _looks(clip, theta, takes.steady_clip(looking, take))
        terms |= _look_terms(setting.difference, looks)
        if not weighed.isdisjoint(GAN_TERMS):
            terms |= _gan_terms(setting.discriminator, judge, looks, judging)
    return terms


def motion_terms(theta: losses.Affines, take: Take) -> Terms:
    """Return the terms that only maps and poses are needed for."""
    motion = takes.motion(take)
    left, filmed = (
        jnp.sqrt(losses.unsmooth_motion(each, motion, takes.SIZE) + _LEAST_SHAKE**2)
        for each in (theta, _as_filmed(theta))
    )
    return {
        "supervised": _share_wrong(theta, takes.corrections(take)),
        "smooth": _bounded(left / filmed),
        "inside": losses.uncovering(theta, takes.CROP, takes.SIZE),
    }


def _share_wrong(theta: losses.Affines, wanted: losses.Affines) -> Float[Array, ""]:
    """Return the distance from the true maps as a share of that of the clip as filmed."""
    before = losses.corner_distance(_as_filmed(wanted), wanted, takes.SIZE)
    return _bounded(losses.corner_distance(theta, wanted, takes.SIZE) / (before + _LEAST_DISTANCE))


def _bounded(share: Float[Array, ""]) -> Float[Array, ""]:
    return _MOST * jnp.tanh(share / _MOST)


def _as_filmed(like: losses.Affines) -> losses.Affines:
    return jnp.broadcast_to(jnp.eye(2, 3), like.shape)


class _Looks(NamedTuple):
    """The warped clip and the steady one, both black where the warped one shows nothing.

    Attributes:
        fake: the warped clip.
        real: the steady one; black borders would give away the other.
        inside: float32 [frame, row, column], 1 where there is something to see, else 0.
    """

    fake: losses.Clip
    real: losses.Clip
    inside: Float[Array, "frame row column"]


def _looks(shaky: losses.Clip, theta: losses.Affines, steady: losses.Clip) -> _Looks:
    fake, inside = jax.vmap(lambda frame, one: affine_warp.warp(frame, one, False))(shaky, theta)
    border = jnp.broadcast_to(inside[..., None], fake.shape)
    return _Looks(fake * border, steady * border, inside)


def _look_terms(difference: Difference, looks: _Looks) -> Terms:
    return {
        "pixel": losses.pixel_difference_inside(*looks),
        "perceptual": difference(looks.fake, looks.real),
    }


def _gan_terms(
    graph: nnx.GraphDef[Discriminator], params: nnx.State, looks: _Looks, key: Key[Array, ""]
) -> Terms:
    learning = nnx.merge(graph, params)
    still = nnx.merge(graph, jax.lax.stop_gradient(params))
    of_real, of_fake = learning(looks.real), learning(jax.lax.stop_gradient(looks.fake))
    return {
        "gan": losses.fooling(still(looks.fake)),
        "discriminator": losses.telling_apart(of_real, of_fake),
        ACCURACY: 0.5 * ((of_real > 0.0).mean() + (of_fake < 0.0).mean()),
        "r1": losses.gradient_penalty_along(
            learning, looks.real, jax.random.normal(key, looks.real.shape)
        ),
    }

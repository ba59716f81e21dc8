"""StabGAN's losses; of one clip, but for those of the discriminator.

Where the published program and this one differ, there are two functions. Clips are RGB in [0, 1],
[frame, height, width, 3]; affine maps go from output to input in coordinates from −1 to 1.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from dvs_jax.stabgan import affine_warp

Scalar = Float[Array, ""]
Clip = Float[Array, "frame height width 3"]
Affines = Float[Array, "frame 2 3"]
Logits = Float[Array, "*patch"]

GAN_WEIGHT, PIXEL_WEIGHT, PERCEPTUAL_WEIGHT, SMOOTH_WEIGHT = 1.0, 100.0, 10.0, 50.0
"""Of the published program."""

_LEAST_LOG = -100.0


def cross_entropy(logit: Logits, target: float) -> Scalar:
    """Return the official GAN loss: the binary cross entropy, its logarithms at least −100.

    Args:
        logit: of the discriminator, which the published program turns into scores by a sigmoid.
        target: 1 for real, 0 for fake.
    """
    real = jnp.maximum(jax.nn.log_sigmoid(logit), _LEAST_LOG)
    fake = jnp.maximum(jax.nn.log_sigmoid(-logit), _LEAST_LOG)
    return -(target * real + (1.0 - target) * fake).mean()


def fooling(logit_of_fake: Logits) -> Scalar:
    """Return the generator's non-saturating loss (Goodfellow et al., 2014), on logits."""
    return jax.nn.softplus(-logit_of_fake).mean()


def telling_apart(logit_of_real: Logits, logit_of_fake: Logits) -> Scalar:
    """Return the discriminator's loss, on logits."""
    return 0.5 * (jax.nn.softplus(-logit_of_real).mean() + jax.nn.softplus(logit_of_fake).mean())


def gradient_penalty(discriminate: Callable[[Clip], Logits], real: Clip) -> Scalar:
    """Return R1: half the squared gradient of the mean logit by a real clip.

    Mescheder et al., "Which training methods for GANs do actually converge?", ICML 2018. Its weight
    is γ.

    Args:
        discriminate: the discriminator of one clip.
        real: the clip.
    """
    gradient = jax.grad(lambda clip: discriminate(clip).mean())(real)
    return 0.5 * (gradient**2).sum()


def gradient_penalty_along(
    discriminate: Callable[[Clip], Logits], real: Clip, direction: Clip
) -> Scalar:
    """Return R1 as seen along a random direction: in the mean over these it is R1.

    It takes a derivative in one direction instead of a gradient by every pixel, of which training
    would take the gradient again.

    Args:
        discriminate: see `gradient_penalty`.
        real: the clip.
        direction: drawn from the normal distribution, of mean 0 and deviation 1.
    """
    _, change = jax.jvp(lambda clip: discriminate(clip).mean(), (real,), (direction,))
    return 0.5 * change**2


def pixel_difference(fake: Clip, real: Clip) -> Scalar:
    """Return the mean difference of two clips, black borders included, as officially."""
    return jnp.abs(fake - real).mean()


def pixel_difference_inside(
    fake: Clip, real: Clip, inside: Float[Array, "frame height width"]
) -> Scalar:
    """Return the mean difference of two clips where the first shows its frame.

    Args:
        fake: the warped clip.
        real: the steady one.
        inside: 1 where the warped clip shows its frame, else 0.
    """
    difference = jnp.abs(fake - real).mean(-1) * inside
    return difference.sum() / jnp.maximum(inside.sum(), 1.0)


def uncovered(inside: Float[Array, "frame height width"]) -> Scalar:
    """Return the mean share of the output that shows nothing."""
    return ((1.0 - inside) ** 2).mean()


def unsmooth_maps(theta: Affines) -> Scalar:
    """Return the mean squared second difference of the affine maps, as officially.

    The maps are the correction: to cancel shake they have to shake. `unsmooth_motion` asks for
    what is wanted instead.
    """
    return (jnp.diff(theta, n=2, axis=0) ** 2).mean()


def unsmooth_motion(theta: Affines, motion: Affines, size: tuple[int, int]) -> Scalar:
    """Return the mean squared change of the output's motion from frame to frame.

    What the input shows at p in one frame it shows at M p in the next; so the output moves by
    N = θ⁻¹ M θ′, with θ′ of the frame before.

    Args:
        theta: of each frame, from output to input.
        motion: [frame, 2, 3], the input's motion from the frame before to each; the first is not
            read.
        size: width and height; the result is in squared pixels at the corners.
    """
    seen = _composed(_inverted(theta[1:]), _composed(motion[1:], theta[:-1]))
    change = jnp.diff(_corners(seen), axis=0)
    half = jnp.broadcast_to(0.5 * jnp.asarray(size, change.dtype), change.shape)
    return ((change * half) ** 2).sum(-1).mean()


def corner_distance(theta: Affines, wanted: Affines, size: tuple[int, int]) -> Scalar:
    """Return the mean distance in pixels of the frames' corners from where they should be.

    Args:
        theta: of each frame.
        wanted: the true ones.
        size: width and height in pixels.
    """
    difference = _corners(theta - wanted)
    half = jnp.broadcast_to(0.5 * jnp.asarray(size, difference.dtype), difference.shape)
    squared = ((difference * half) ** 2).sum(-1)
    # The derivative of a square root is infinite at 0.
    there = squared > 0.0
    return jnp.where(there, jnp.sqrt(jnp.where(there, squared, 1.0)), 0.0).mean()


def _corners(theta: Affines) -> Float[Array, "frame 4 2"]:
    x, y = jnp.asarray([-1.0, 1.0, -1.0, 1.0]), jnp.asarray([-1.0, -1.0, 1.0, 1.0])
    return jax.vmap(affine_warp.applied, (0, None, None))(theta, x, y)


def _composed(second: Affines, first: Affines) -> Affines:
    """Return the maps that do first the one and then the other; elementwise, in full precision."""
    linear = (second[:, :, :2, None] * first[:, None, :, :]).sum(2)
    return linear.at[:, :, 2].add(second[:, :, 2])


def _inverted(theta: Affines) -> Affines:
    (a, b, t), (c, d, u) = jnp.moveaxis(theta, 0, -1)
    rows = jnp.stack([jnp.stack([d, -b, b * u - d * t]), jnp.stack([-c, a, c * t - a * u])])
    return jnp.moveaxis(rows / jnp.broadcast_to(a * d - b * c, rows.shape), -1, 0)


def uncovering(theta: Affines, crop: float, size: tuple[int, int]) -> Scalar:
    """Return the mean squared distance by which what the crop leaves reaches beyond the frame.

    Unlike `uncovered` it says into which direction the maps have to change.

    Args:
        theta: of each frame.
        crop: what is cut off at each side, as a share of width and height.
        size: width and height in pixels.
    """
    linear, shift = theta[:, :, :2] * (1.0 - 2.0 * crop), theta[:, :, 2:]
    beyond = jnp.maximum(jnp.abs(_corners(jnp.concatenate([linear, shift], -1))) - 1.0, 0.0)
    half = jnp.broadcast_to(0.5 * jnp.asarray(size, beyond.dtype), beyond.shape)
    return ((beyond * half) ** 2).sum(-1).mean()

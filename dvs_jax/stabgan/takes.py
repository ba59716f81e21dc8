"""Clips to train on: a shaky camera's way past a scene, and the steady way that it should be.

Everything is drawn on the device, as it is needed, from a few pieces of photographs and a key.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from dvs_jax.stabgan import polynomial_flow
from dvs_jax.stabgan.generator import LONGER_SIDE
from dvs_jax.stabgan.pose_motion import affine_between, flow_between
from dvs_jax.stabgan.steady_path import steadied
from dvs_jax.synthetic import paired
from dvs_jax.synthetic.paired.pose import WIDTH
from dvs_jax.training.photographs import Example

SIZE = (LONGER_SIDE, LONGER_SIDE * 9 // 16)
ASPECT = SIZE[1] / SIZE[0]
RATE = 30.0
CROP = 0.1

_SHARE_WRONG, _LEAST_WRONG = 0.1, 0.1
"""Largest deviations of spoiled flow: as a share of the clip's movement, and in pixels."""
_AS_IN_USE = 0.75
"""Share of clips with flow as it is computed in use; the others' is the true one, spoiled."""
_GREY = (0.299, 0.587, 0.114)
_PATCHES = (4, 7)
"""Rows and columns of patches in which the flow is wrong alike."""


class Take(NamedTuple):
    """Two cameras' way past a scene.

    Attributes:
        scene: what they see.
        camera: how well the shaky one does.
        moment: of each frame.
        shaky: float32 [frame, 6], pose of the shaky camera, of its middle row.
        steady: float32 [frame, 6], pose of the steady one.
        velocity: float32 [frame, 6], by how much the shaky pose changes in a frame's time.
    """

    scene: paired.Scene
    camera: paired.Camera
    moment: paired.Moment
    shaky: Float[Array, "frame 6"]
    steady: Float[Array, "frame 6"]
    velocity: Float[Array, "frame 6"]


def draw(key: Key[Array, ""], example: Example, frames: int) -> Take:
    """Draw a take of so many frames."""
    scenery, filming, moving = jax.random.split(key, 3)
    photographs = paired.packed(jnp.asarray(example.photographs))
    path = paired.shaky_path(moving, frames, RATE)
    return Take(
        paired.draw_scene(scenery, photographs, SIZE[0]),
        paired.draw_camera(filming),
        paired.Moment(path.time_s, path.centre),
        path.pose,
        steadied(path.pose, RATE, CROP, SIZE),
        path.velocity / RATE,
    )


def shaky_clip(key: Key[Array, ""], take: Take) -> Float[Array, "frame row column 3"]:
    """Return what the shaky camera records, RGB, 0 to 1."""
    return _filmed(key, take, take.shaky, take.velocity)


def steady_clip(key: Key[Array, ""], take: Take) -> Float[Array, "frame row column 3"]:
    """Return what the same camera would record on the steady path, with a global shutter."""
    take = take._replace(camera=take.camera._replace(readout=jnp.zeros_like(take.camera.readout)))
    return _filmed(key, take, take.steady, jnp.asarray(jnp.gradient(take.steady, axis=0)))


def _filmed(
    key: Key[Array, ""],
    take: Take,
    pose: Float[Array, "frame 6"],
    velocity: Float[Array, "frame 6"],
) -> Float[Array, "frame row column 3"]:
    def frame(
        given: tuple[Key[Array, ""], paired.Moment, Array, Array],
    ) -> Float[Array, "row column 3"]:
        key, moment, pose, moved = given
        sweep = take.camera.readout * moved
        sharp = paired.view(take.scene, pose, moment, SIZE, sweep=sweep)
        return paired.exposed(key, take.camera, sharp, -moved[:2] * (SIZE[0] / WIDTH))

    keys = jax.random.split(key, len(pose))
    return jax.lax.map(frame, (keys, take.moment, pose, velocity))


def corrections(take: Take) -> Float[Array, "frame 2 3"]:
    """Return the affine maps that make the steady clip of the shaky one."""
    return jax.vmap(lambda output, source: affine_between(output, source, SIZE))(
        take.steady, take.shaky
    )


def motion(take: Take) -> Float[Array, "frame 2 3"]:
    """Return the shaky clip's motion from the frame before to each; the identity for the first."""
    before = jnp.concatenate([take.shaky[:1], take.shaky[:-1]])
    return jax.vmap(lambda one, other: affine_between(one, other, SIZE))(before, take.shaky)


def spoiled_flow(key: Key[Array, ""], take: Take) -> Float[Array, "frame row column 2"]:
    """Return the background's flow from the frame before to each, in pixels, a little wrong.

    It is 0 for the first frame.
    """
    before = jnp.concatenate([take.shaky[:1], take.shaky[:-1]])
    flow = jax.vmap(lambda one, other: flow_between(one, other, SIZE))(before, take.shaky)
    amount, rough, fine = jax.random.split(key, 3)
    wrong = jax.random.uniform(amount) ** 2
    deviation = wrong * (_LEAST_WRONG + _SHARE_WRONG * jnp.sqrt((flow**2).mean()))
    patches = jax.random.normal(rough, (len(flow), *_PATCHES, 2))
    error = jax.image.resize(patches, flow.shape, "linear")
    spoiled = flow + deviation * (error + 0.5 * jax.random.normal(fine, flow.shape))
    return spoiled.at[0].set(0.0)


def flow(
    key: Key[Array, ""], take: Take, clip: Float[Array, "frame row column 3"]
) -> Float[Array, "frame row column 2"]:
    """Return the flow from the frame before to each, in pixels, as the generator may meet it.

    Args:
        key: of all that is random.
        take: which the clip is of.
        clip: of `shaky_clip`.
    """
    choosing, spoiling = jax.random.split(key)
    found = polynomial_flow.flow_along(jnp.round(255.0 * clip @ jnp.asarray(_GREY)))
    spoiled = spoiled_flow(spoiling, take)
    return jnp.where(jax.random.bernoulli(choosing, _AS_IN_USE), found, spoiled)

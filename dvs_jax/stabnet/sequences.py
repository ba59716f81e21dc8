"""Rolling sequences to train on: a shaky camera's frames, of which one after the other is steadied.

Everything is drawn on the device, as it is needed, from a few pieces of photographs and a key.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from dvs_jax.stabnet import online
from dvs_jax.stabnet.network import LONGER_SIDE, Look, Network, as_filmed
from dvs_jax.stabnet.online import Setting, State
from dvs_jax.synthetic import paired
from dvs_jax.synthetic.paired.pose import WIDTH
from dvs_jax.training.photographs import Example

SIZE = (LONGER_SIDE, LONGER_SIDE * 9 // 16)
ASPECT = SIZE[1] / SIZE[0]
RATE = 30.0
CROP = 0.1

LONGEST = 64
"""Frames of a path, of which a sequence is a part."""

_CUT = 0.05
"""Chance that a frame shows something else."""
_OFFSET = (0.08, 0.045, 0.03, 0.03)
"""Deviations of the first steadied camera from the real one: x, y, roll and log zoom."""


class Sequence(NamedTuple):
    """A shaky camera's frames.

    Attributes:
        picture: float32 [frame, rows, columns], grey, 0 to 1.
        pose: float32 [frame, 6], see `paired.pose`; of the picture's middle row.
        is_cut: bool [frame], of frames that show something else than the one before.
        pan: float32 [2], by how much the camera was meant to move from frame to frame, in widths.
    """

    picture: Float[Array, "frame rows columns"]
    pose: Float[Array, "frame 6"]
    is_cut: Bool[Array, "frame"]
    pan: Float[Array, "2"]


def setting() -> Setting:
    """Return the setting of all sequences."""
    return online.setting(RATE, CROP, ASPECT)


def draw(key: Key[Array, ""], example: Example, frames: int) -> Sequence:
    """Draw a sequence of so many frames, from anywhere in a path."""
    keys = jax.random.split(key, 6)
    photographs = paired.packed(jnp.asarray(example.photographs))
    scene = paired.draw_scene(keys[0], photographs, SIZE[0])
    camera = paired.draw_camera(keys[1])
    path = paired.shaky_path(keys[2], LONGEST, RATE)
    first = jax.random.randint(keys[3], (), 0, LONGEST - frames)
    number = first + jnp.arange(frames)
    is_cut = jax.random.bernoulli(keys[4], _CUT, (frames,)) & (number > first)

    def filmed(number: Array, is_cut: Array) -> Array:
        picture = _filmed(jax.random.fold_in(keys[5], number), scene, camera, path, number)
        # Upside down it shows nothing that was seen before, and is as rich.
        return jnp.where(is_cut, picture[::-1, ::-1], picture)

    picture = jax.lax.map(lambda each: filmed(*each), (number, is_cut))
    pan = (path.intended[first + 1] - path.intended[first])[:2] / WIDTH
    return Sequence(picture, path.pose[number], is_cut, pan)


def _filmed(
    key: Key[Array, ""],
    scene: paired.Scene,
    camera: paired.Camera,
    path: paired.ShakyPath,
    number: Array,
) -> Float[Array, "rows columns"]:
    moment = paired.Moment(path.time_s[number], path.centre[number])
    moved = path.velocity[number] / RATE
    sharp = paired.view(scene, path.pose[number], moment, SIZE, sweep=camera.readout * moved)
    return paired.exposed(key, camera, sharp, -moved[:2] * (SIZE[0] / WIDTH))


def begin(key: Key[Array, ""], network: Network, setting: Setting, sequence: Sequence) -> State:
    """Return the state after the first frame, as if steadying had gone on for long before."""
    camera = jnp.asarray(_OFFSET) * jax.random.uniform(key, (4,), minval=-1.0, maxval=1.0)
    look = Look(camera, as_filmed().mesh)
    pan = jnp.concatenate([sequence.pan, jnp.zeros(2)])
    steps = jnp.broadcast_to(pan, (len(setting.law.latest), 4))
    return State(network.features(online.drawn(sequence.picture[0], look)), look, steps)


def true_source(
    look: Look, before: Float[Array, "6"], now: Float[Array, "6"], point: Float[Array, "*point 2"]
) -> Float[Array, "*point 2"]:
    """Return where a frame shows what the steadied picture before shows at points.

    Args:
        look: by which that picture was drawn of the frame before.
        before: pose of the frame before.
        now: pose of the frame.
        point: in widths, about the centre.
    """
    return paired.moved(look.source(point, ASPECT) * WIDTH, before, now) / WIDTH

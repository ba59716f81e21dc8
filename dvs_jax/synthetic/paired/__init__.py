"""Shaky and steady pictures of a scene, made of photographs on the device as they are needed.

All are functions of one sample, to be vmapped and jitted:

    photographs = packed(jnp.asarray(pieces(folder, np.random.default_rng(0), 400, 512)))
    scene = draw_scene(scene_key, photographs, width=320)
    path = shaky_path(path_key, frames=48, rate=30.0)
    moment = Moment(path.time_s[t], path.centre[t])
    shaky = view(scene, path.pose[t], moment, (320, 180))
    steady = view(scene, steady_pose, moment, (320, 180))
    truth = vertices(path.pose[t], steady_pose, (320, 180))

On a CPU, many pictures are drawn two to three times as fast by `jax.lax.map`, one after the other,
as by `vmap`, which goes through memory for each operation.
"""

from dvs_jax.synthetic.paired.exposure import Camera, draw_camera, exposed
from dvs_jax.synthetic.paired.path import ShakyPath, shaky_path
from dvs_jax.synthetic.paired.photographs import pieces
from dvs_jax.synthetic.paired.pose import inverse, lattice, matrix, moved, vertices
from dvs_jax.synthetic.paired.scene import Layer, Scene, draw_scene, packed
from dvs_jax.synthetic.paired.view import Moment, view

__all__ = [
    "Camera",
    "Layer",
    "Moment",
    "Scene",
    "ShakyPath",
    "draw_camera",
    "draw_scene",
    "exposed",
    "inverse",
    "lattice",
    "matrix",
    "moved",
    "packed",
    "pieces",
    "shaky_path",
    "vertices",
    "view",
]

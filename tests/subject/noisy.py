"""Poses as a network would find them, from exact tracks of points."""

import numpy as np

from dvs_jax.subject import pose as poses_of
from dvs_jax.subject.pose import Poses


def poses(places, visible=None, noise_px=0.0, seed=0):
    """Return poses [frame] of exact places [frame, 33, 2], with white noise of the points."""
    rng = np.random.default_rng(seed)
    count = len(places)
    visible = np.ones(places.shape[:2], bool) if visible is None else visible
    point = np.zeros((count, 33, 3))
    point[..., :2] = places + noise_px * rng.standard_normal(places.shape)
    share = np.where(visible, 0.99, 0.1)
    world = rng.normal(0.0, 0.3, (count, 33, 3))
    exact = Poses(point, share, share, world, np.full(count, 0.99), np.ones(count))
    return exact._replace(side=4.5 * poses_of.torso(exact))


def standing(x=100.0, y=100.0, torso=50.0):
    """Return a frontal pose, its hips' middle at a place."""
    places = np.zeros((33, 2))
    places[list(poses_of.HEAD)] = (0.0, -1.45)
    for pair, height, aside in ((11, -1.0, 0.35), (23, 0.0, 0.2), (25, 0.9, 0.2), (27, 1.7, 0.2)):
        places[pair], places[pair + 1] = (aside, height), (-aside, height)
    for pair in (13, 15, 17, 19, 21):
        places[pair], places[pair + 1] = (0.45, -0.4), (-0.45, -0.4)
    for pair in (29, 31):
        places[pair], places[pair + 1] = (0.25, 1.8), (-0.25, 1.8)
    return np.array([x, y]) + torso * places


def moving(path, torso=50.0):
    """Return standing poses' places [frame, 33, 2] along a path [frame, 2]."""
    return np.stack([standing(x, y, torso) for x, y in path])


def together(*people):
    """Return poses of one frame, each [33, 2], as found in no particular order."""
    return poses(np.stack(people)) if people else poses(np.zeros((0, 33, 2)))

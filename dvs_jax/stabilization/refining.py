"""The refinement by pictures behind a method, and the method for a clip without a gyro."""

import dataclasses
import logging
from typing import Literal

from dvs_jax.clip import Clip
from dvs_jax.errors import InputError
from dvs_jax.fused.method import FusedMethod
from dvs_jax.methods import AsFilmed, Method, Refined, Smoothed
from dvs_jax.methods.covered_path import LIMIT_LOOK_AHEAD_S
from dvs_jax.methods.refined import LOOK_AHEAD_S
from dvs_jax.stabgan.method import StabGanMethod
from dvs_jax.stabnet.method import StabNetMethod

Refine = Literal["none", "rotation", "mesh"]

OWN_LOOK_AHEAD_S = 0.4
"""What the refinement needs of it: with less its plan shakes; of more, a third helps the limiter of
the network's path."""

SHORTEST_LOOK_AHEAD_S, LONGEST_LOOK_AHEAD_S = 0.1, 3.0

_log = logging.getLogger("dvs_jax")


def refined(
    method: Method, refine: Refine | None = None, look_ahead_s: float = LOOK_AHEAD_S
) -> Method:
    """Return a method with the refinement by pictures behind it.

    Args:
        method: any.
        refine: shift, roll and zoom of the whole picture ("rotation"), displacements of its parts
            too ("mesh"), or nothing ("none"). None is "mesh" behind our own networks and the
            smoothers, "none" behind any other method: an official network's output is its
            program's, a given path is drawn as it is.
        look_ahead_s: look-ahead in seconds of method and refinement together, for methods that can
            do with so little; it is shared out between them.

    Raises:
        InputError: the look-ahead is out of range.
    """
    if not SHORTEST_LOOK_AHEAD_S <= look_ahead_s <= LONGEST_LOOK_AHEAD_S:
        raise InputError(
            f"a look-ahead of {look_ahead_s:g} s is impossible; give {SHORTEST_LOOK_AHEAD_S} to "
            f"{LONGEST_LOOK_AHEAD_S:g} s"
        )
    refine = refine or _usual(method)
    if refine == "none":
        return method
    own_s = look_ahead_s
    if isinstance(method, FusedMethod) and method.reads_flow:
        spare_s = max(look_ahead_s - OWN_LOOK_AHEAD_S, 0.0)
        limit_s = min(LIMIT_LOOK_AHEAD_S, spare_s / 3.0)
        method, own_s = dataclasses.replace(method, limit_look_ahead_s=limit_s), own_s - limit_s
    return Refined(method, refine, own_s)


def _usual(method: Method) -> Refine:
    if isinstance(method, FusedMethod):
        return "none" if method.network.architecture.official else "mesh"
    return "mesh" if isinstance(method, StabNetMethod | StabGanMethod | Smoothed) else "none"


def by_pictures(
    clip: Clip, refine: Refine | None = None, look_ahead_s: float = LOOK_AHEAD_S
) -> Method:
    """Return the method for a clip without a gyro, and tell that it is used.

    Raises:
        InputError: nothing is to be refined, or the look-ahead is out of range.
    """
    if refine == "none":
        raise InputError(
            f"{clip.video.path}: there is no gyro log, and without refinement nothing would "
            "change; record the gyro, or choose the refinement rotation or mesh"
        )
    _log.warning(
        "%s: %s; the motion is read off the pictures, which tells less where they are dark, "
        "blurred or full of things that move%s",
        clip.video.path if clip.images is None else clip.name,
        clip.withheld or "no gyro",
        ", and without the mesh leaves rolling shutter in" if refine == "rotation" else "",
    )
    return refined(AsFilmed(), refine or "mesh", look_ahead_s)

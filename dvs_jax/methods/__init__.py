"""The protocol of stabilisation methods, and those that follow a camera path without a network.

A method computes each frame's backward grid; drawing, framing, files and metrics need nothing else.
"""

from dvs_jax.methods.along_path import frames_along
from dvs_jax.methods.as_filmed import AsFilmed
from dvs_jax.methods.given_path import GivenPath
from dvs_jax.methods.method import Frame, Method, Picture, fingerprint, require
from dvs_jax.methods.refined import Refined
from dvs_jax.methods.smoothed import DEFAULT_SMOOTHER, Smoothed

__all__ = [
    "DEFAULT_SMOOTHER",
    "AsFilmed",
    "Frame",
    "GivenPath",
    "Method",
    "Picture",
    "Refined",
    "Smoothed",
    "fingerprint",
    "frames_along",
    "require",
]

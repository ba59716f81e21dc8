"""Keeps a walking person at one place of the picture: poses, the anchor's track, masks."""

from dvs_jax.subject.export import PoseData, load_poses

__all__ = ["PoseData", "load_poses"]

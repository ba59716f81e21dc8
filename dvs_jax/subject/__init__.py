"""Keeps a walking person at one place of the picture: poses, the anchor's track, masks."""

from dvs_jax.subject.export import PoseData, load_poses
from dvs_jax.subject.report import Report
from dvs_jax.subject.run import stabilize
from dvs_jax.subject.settings import Settings

__all__ = ["PoseData", "Report", "Settings", "load_poses", "stabilize"]

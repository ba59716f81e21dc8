"""What notebooks show: original and result in step, the camera's path, and how far the work is.

report = dvs_jax.stabilize(clip, "out", track=notebook.progress)
notebook.player(clip, report.cropped)
notebook.paths(clip, report)
"""

from dvs_jax.notebook.paths import chart, paths
from dvs_jax.notebook.player import player, player_of
from dvs_jax.notebook.preview import write_preview
from dvs_jax.notebook.progress import progress

__all__ = ["chart", "paths", "player", "player_of", "progress", "write_preview"]

"""Atomic writing of files: complete or absent, one writer at a time, no temporary files left.

`temporary.unfinished` makes a temporary folder, `replacing` and `replacing_together` rename files
once they are complete, and `locked` keeps two runs from writing the same files.
"""

from dvs_jax.whole_file.lock import locked
from dvs_jax.whole_file.replacing import make_folder, replacing, replacing_together
from dvs_jax.whole_file.temporary import scratch

__all__ = ["locked", "make_folder", "replacing", "replacing_together", "scratch"]

"""Files that are whole or not there, by one writer at a time, and nothing of what was begun left.

`temporary.unfinished` is a folder for what is being made, `replacing` and `replacing_together` give
it its name once it is complete, and `locked` keeps two runs from making the same in one place.
"""

from dvs_jax.whole_file.lock import locked
from dvs_jax.whole_file.replacing import make_folder, replacing, replacing_together
from dvs_jax.whole_file.temporary import scratch

__all__ = ["locked", "make_folder", "replacing", "replacing_together", "scratch"]

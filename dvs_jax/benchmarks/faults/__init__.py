"""What reading the pictures besides the gyro buys when the sensors err.

Clips are rendered, so the truth is known, and their logs are spoiled in one way after the other.
Every method finds its path at equal crop, the output is drawn as `stabilize` draws it, and what
still moves in its pictures is measured.
"""

from dvs_jax.benchmarks.faults.comparison import Comparison, Result, compare
from dvs_jax.benchmarks.faults.faults import FAULTS, clips
from dvs_jax.benchmarks.faults.report import measure

__all__ = ["FAULTS", "Comparison", "Result", "clips", "compare", "measure"]

"""The benefit of optical flow besides the gyro when the sensors err.

Clips are rendered, so the ground truth is known, and one fault at a time is put into their logs.
Every method computes its path at equal crop, the output is drawn as `stabilize` draws it, and the
residual motion in its pictures is measured.
"""

from dvs_jax.benchmarks.faults.comparison import Comparison, Result, compare
from dvs_jax.benchmarks.faults.faults import FAULTS, clips
from dvs_jax.benchmarks.faults.report import measure

__all__ = ["FAULTS", "Comparison", "Result", "clips", "compare", "measure"]

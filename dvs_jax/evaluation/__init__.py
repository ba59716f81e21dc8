"""Every way to find a steady path side by side, each using just as much of the frame.

A path that may leave the real one further is steadier without being better. So each method's
strength is tuned, clip by clip, until the worst frame keeps the same share of the picture; what is
then left of the shake compares the methods themselves.
"""

from dvs_jax.evaluation.comparison import ClipResult, Comparison, compare
from dvs_jax.evaluation.files import NUMBERS, PICTURE, evaluate, shipped
from dvs_jax.evaluation.footage import Footage, Motion, of_clip, of_record
from dvs_jax.evaluation.score import Score

__all__ = [
    "NUMBERS",
    "PICTURE",
    "ClipResult",
    "Comparison",
    "Footage",
    "Motion",
    "Score",
    "compare",
    "evaluate",
    "of_clip",
    "of_record",
    "shipped",
]

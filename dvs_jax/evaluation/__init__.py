"""A comparison of stabilisation methods at equal crop.

A path that may deviate further from the real one is steadier without being better. So each method's
strength is tuned, clip by clip, until the worst frame keeps the same fraction of the picture; only
then is the residual shake compared.
"""

from dvs_jax.evaluation.comparison import ClipResult, Comparison, compare
from dvs_jax.evaluation.files import NUMBERS, PICTURE, evaluate, shipped, shipped_by_pictures
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
    "shipped_by_pictures",
]

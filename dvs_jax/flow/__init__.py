"""Dense optical flow behind one interface."""

from dvs_jax.flow.consistency import Confidence, confidence
from dvs_jax.flow.estimation import NAMES, Estimator, create, estimate, working_size
from dvs_jax.flow.flow_folder import FlowFolder, write_together
from dvs_jax.flow.pair import FlowPair

__all__ = [
    "NAMES",
    "Confidence",
    "Estimator",
    "FlowFolder",
    "FlowPair",
    "confidence",
    "create",
    "estimate",
    "working_size",
    "write_together",
]

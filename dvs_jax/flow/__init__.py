"""Dense optical flow behind one interface."""

from dvs_jax.flow.estimation import Estimator, create, estimate, working_size
from dvs_jax.flow.flow_folder import FlowFolder
from dvs_jax.flow.pair import FlowPair

__all__ = ["Estimator", "FlowFolder", "FlowPair", "create", "estimate", "working_size"]

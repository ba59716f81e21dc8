"""Networks as StableHLO that JAX alone runs, without this package: see `write`."""

from dvs_jax.export.folder import write
from dvs_jax.export.function import Function

__all__ = ["Function", "write"]

"""Everything that `dvs-jax benchmark` measures: a file for each, and one form of report for all."""

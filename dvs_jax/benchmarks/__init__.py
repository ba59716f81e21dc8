"""The benchmarks of `dvs-jax benchmark`: a file for each, and one form of report for all."""

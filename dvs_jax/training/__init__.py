"""Training of any model: the loop, data parallelism, checkpoints and logs."""

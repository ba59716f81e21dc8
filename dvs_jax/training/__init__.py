"""What every trainer shares: the loop, data parallelism, checkpoints and logs of any system."""

"""`python -m dvs_jax` is the command `dvs-jax`."""

from dvs_jax.cli import main

main()

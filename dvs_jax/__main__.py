"""The command `dvs-jax`, and `python -m dvs_jax`."""

from dvs_jax import cli_signals


def main() -> None:
    """Run the command, which an interrupt ends at once, also while it is imported."""
    cli_signals.end_at_signals()

    from dvs_jax.cli import main

    main()


if __name__ == "__main__":
    main()

"""The command `dvs-jax`, and `python -m dvs_jax`."""

import os
import signal


def main() -> None:
    """Run the command; an interrupt ends it at once, also during its imports."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, _: os._exit(128 + number))

    from dvs_jax.cli import signals

    signals.end_at_signals()

    from dvs_jax.cli import main

    main()


if __name__ == "__main__":
    main()

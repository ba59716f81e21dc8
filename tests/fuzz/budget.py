"""How long a fuzz test goes on."""

from typing import Any

from hypothesis import HealthCheck, Phase, settings


def budget(few: int, wanted: int | None) -> Any:
    """Return Hypothesis' settings: a few mutations, always the same, or as many new ones as asked.

    Args:
        few: for the suite.
        wanted: `--fuzz-examples`, if it was given.
    """
    return settings(
        max_examples=wanted or few,
        deadline=None,
        derandomize=wanted is None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )

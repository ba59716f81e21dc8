"""What the tests of the commands share."""

import sys
from collections.abc import Callable

import pytest

from dvs_jax.cli import main

from .run import Run


@pytest.fixture
def dvs(monkeypatch, capsys) -> Callable[..., Run]:
    """Runs `dvs-jax` with these arguments, in this process."""

    def run(*arguments: object) -> Run:
        monkeypatch.setattr(sys, "argv", ["dvs-jax", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Run(int(ended.value.code or 0), printed.out, printed.err)

    return run

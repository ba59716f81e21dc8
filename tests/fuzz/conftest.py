"""How many mutations are tried: few in the suite, many by `pytest tests/fuzz --fuzz-examples N`."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fuzz-examples", type=int, help="mutations to try of each kind of file")


@pytest.fixture(scope="session")
def fuzz_examples(request: pytest.FixtureRequest) -> int | None:
    """The number asked for; None for the suite's own small one."""
    return request.config.getoption("--fuzz-examples", default=None)

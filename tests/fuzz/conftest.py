"""How many mutations are tried: few in the suite, many by `pytest tests/fuzz --fuzz-examples N`."""

import resource

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fuzz-examples", type=int, help="mutations to try of each kind of file")


@pytest.fixture(scope="session")
def fuzz_examples(request: pytest.FixtureRequest) -> int | None:
    """The number asked for; None for the suite's own small one."""
    return request.config.getoption("--fuzz-examples", default=None)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Tell the largest memory of any process that took part (in bytes on macOS, else in KiB)."""
    if config.getoption("--fuzz-examples", default=None) is not None:
        own, others = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
        largest = max(resource.getrusage(who).ru_maxrss for who in (own, others))
        terminalreporter.write_line(f"largest memory of a process: {largest} KiB")

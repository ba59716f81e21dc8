"""How a command ended."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    def lines(self, kind: str) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith(f"{kind}: ")]

"""The versions that the tests run with: all that the project asks for, checksums, and no hosts."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements" / "ci.txt"
REQUIREMENT = re.compile(r"^([\w.-]+)==(\S+)(?: ; (.+?))? \\$", re.MULTILINE)


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> dict[str, set[str]]:
    """Each package's versions, one for each kind of Python that needs its own."""
    found: dict[str, set[str]] = {}
    for name, number, _ in REQUIREMENT.findall(LOCK.read_text()):
        found.setdefault(normal(name), set()).add(number)
    return found


def test_what_the_project_asks_for_is_there():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {normal(re.split(r"[<>=\[ ]", each)[0]) for each in asked}
    assert names <= locked().keys()


def test_every_file_has_its_checksum_and_no_address_is_named():
    text = LOCK.read_text()
    pinned = re.split(r"^(?=\w)", text, flags=re.MULTILINE)[1:]
    assert len(pinned) > 100
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}$", each, re.MULTILINE) for each in pinned)
    assert "://" not in text
    assert "--index-url" not in text


@pytest.mark.parametrize("tool", ["mypy", "ruff"])
def test_what_judges_the_code_has_one_version(tool):
    assert len(locked()[tool]) == 1

"""The documentation's site: every page is in it, its numbers were measured, and it builds."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import dvs_jax

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
CARDS = sorted(ROOT.glob("dvs_jax/weights/*/MODEL_CARD.md"))
NEEDED = ("mkdocs", "material", "mkdocstrings_handlers")


def pages(entry) -> list[str]:
    """Return the pages below an entry of the navigation."""
    if isinstance(entry, str):
        return [entry]
    inner = entry.values() if isinstance(entry, dict) else entry
    return [page for each in inner for page in pages(each)]


def navigation() -> list[str]:
    return pages(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"])


def test_every_page_stands_in_the_navigation_once():
    found = navigation()
    assert len(found) == len(set(found))
    assert {page.name for page in DOCS.glob("*.md")} <= set(found)
    assert {f"weights/{card.parent.name}.md" for card in CARDS} <= set(found)


def test_every_public_name_has_its_place():
    text = (DOCS / "api.md").read_text()
    homes = {f"{home}.{name}" for name, home in dvs_jax._HOMES.items()} | {"dvs_jax.quaternion"}
    assert homes <= set(re.findall(r"^::: (\S+)$", text, re.M))


def test_the_numbers_for_choosing_a_method_are_measured_ones():
    sources = [path.read_text() for path in (ROOT / "README.md", *CARDS)]
    measured = {number for text in sources for number in re.findall(r"\d+\.\d+", text)}
    rows = re.findall(r"^\|.*\|$", (DOCS / "which_method.md").read_text(), re.M)
    numbers = re.findall(r"\d+\.\d+", "\n".join(rows))
    assert len(numbers) > 100
    assert set(numbers) <= measured


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built strictly."""
    if not all(map(importlib.util.find_spec, NEEDED)):
        pytest.skip("the extra docs is not installed")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_the_site_has_every_page(site):
    for page in navigation():
        assert (site / page).with_suffix(".html").is_file()


@pytest.mark.slow
def test_no_page_loads_anything_from_elsewhere(site):
    tags = r"<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)=[\"']?(?:https?:)?//[^>]*>"
    for page in site.rglob("*.html"):
        assert re.findall(tags, page.read_text()) == []


@pytest.mark.slow
def test_links_out_of_the_folder_of_documents_lead_to_what_the_site_has(site):
    text = (site / "training.html").read_text()
    assert 'href="data.html"' in text
    assert 'href="repository/dvs_jax/fused/settings.py"' in text
    assert (site / "repository/dvs_jax/fused/settings.py").is_file()


@pytest.mark.slow
def test_the_reference_has_every_command_with_its_options(site):
    text = (site / "commands.html").read_text()
    for heading in ("dvs-jax-stabilize", "dvs-jax-viewport-predict", "dvs-jax-benchmark-faults"):
        assert f'id="{heading}"' in text
    assert "--look-ahead" in text

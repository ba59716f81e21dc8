"""The documentation's site: every page is in it, its numbers were measured, and it builds."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import dvs_jax
from docs import moving_picture, pictures, results
from dvs_jax import metrics, synthetic
from dvs_jax.camera import Camera

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


def test_the_tables_of_real_clips_are_what_was_measured():
    left = results.kept_numbers()
    assert len(left) == 10
    for document in results.DOCUMENTS:
        text = document.read_text()
        assert "<!-- results: " in text
        assert results.with_tables(text, left) == text


def test_the_other_numbers_for_choosing_a_method_are_those_of_the_model_cards():
    cards = [results.with_tables(card.read_text(), {}) for card in CARDS]
    measured = {each for card in cards for each in re.findall(r"\d+\.\d+", card)}
    text = results.with_tables((DOCS / "which_method.md").read_text(), {})
    # The last column is no card's.
    rows = re.findall(r"^(\|.*)\|[^|]*\|$", text, re.M)
    numbers = re.findall(r"\d+\.\d+", "\n".join(rows))
    assert len(numbers) > 30
    assert set(numbers) <= measured


def test_tables_show_three_digits_of_what_is_there():
    left = {
        "toy": {"as filmed": measures(3.096), "gyro_only": measures(0.08123)},
        "cat": {"as filmed": measures(0.5)},
    }
    table = results.by_clip(left, {"filmed": ("as filmed",), "gyro": ("fused", "gyro_only")})
    assert table.splitlines() == [
        "| clip | filmed | gyro |",
        "| --- | --- | --- |",
        "| toy | 3.10 | 0.081 |",
        "| cat | 0.500 | – |",
    ]
    assert "| gyro_only | 0.081 |" in results.by_method(left, ("gyro_only",))
    three = results.by_clip(left, {"filmed": ("as filmed",)}, ("shift_px", "rotation_deg"))
    assert "| toy | 3.10, 0.020 |" in three


def measures(shift_px):
    return {"shift_px": shift_px, "rotation_deg": 0.02, "wobble_px": 0.3}


@pytest.mark.parametrize("name", ["stabnet", "stabgan"])
def test_a_cards_columns_are_those_of_its_network(name):
    alone = ("as filmed", "vidstab", "affine maps", "pictures alone")
    expected = {*alone, f"`{name}`", f"`{name}`, with the stage"}
    assert set(results.columns_of(name)) == expected


@pytest.mark.slow
def test_the_measure_of_the_tables_is_that_of_the_metrics():
    made = synthetic.SyntheticClip("walking", "distant", 1.2, size=(160, 90), ois=False)
    recording = synthetic.record(made)
    frames = [synthetic.render_frame(recording, index) for index in range(made.frame_count)]
    time_ns = recording.frames.time_ns[: made.frame_count]
    expected = metrics.measure(frames, frames, time_ns, Camera(), kept=0.8).input
    found = results.left(frames, 30.0, 0.8)
    assert found["shift_px"] == pytest.approx(expected.residual_shift_px, rel=1e-3)
    assert found["wobble_px"] == pytest.approx(expected.wobble_px, rel=1e-2)


def test_every_picture_is_one_that_is_drawn():
    drawn = {f"{draw.__name__}.png" for draw in pictures.PICTURES} | {moving_picture.FILE.name}
    assert {file.name for file in pictures.FOLDER.iterdir()} == drawn
    shown = {
        Path(link).name
        for page in (ROOT / "README.md", *DOCS.glob("*.md"))
        for link in re.findall(r"!\[[^]]*\]\(([^)]+)\)", page.read_text())
    }
    assert shown == drawn
    assert sum(file.stat().st_size for file in pictures.FOLDER.iterdir()) < 3_000_000


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

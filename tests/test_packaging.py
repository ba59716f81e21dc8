"""What a source archive and a wheel hold."""

import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dvs_jax.errors import document

ROOT = Path(__file__).parents[1]
BUILD = "from setuptools import build_meta as b; import sys; b.build_sdist(sys.argv[1])"
WHEEL = "from setuptools import build_meta as b; import sys; b.build_wheel(sys.argv[1])"


def build(code: str, source: Path, out: Path) -> Path:
    subprocess.run([sys.executable, "-c", code, out], cwd=source, check=True, capture_output=True)
    return next(out.iterdir())


def copied(folder: Path) -> Path:
    """Copy what git knows, so that nothing is built among the sources."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=False, capture_output=True)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    for name in filter(None, listed.stdout.decode().split("\0")):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes((ROOT / name).read_bytes())
    return folder


def paths(folder: Path) -> Iterator[str]:
    return (str(file.relative_to(folder)) for file in folder.rglob("*"))


@pytest.mark.slow
def test_the_archive_holds_its_tests_and_builds_a_wheel_with_documents(tmp_path):
    archive = build(BUILD, copied(tmp_path / "source"), tmp_path / "archive")
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    for name in ("tests", "data", "configs", "docs", "colab", "requirements"):
        sources, kept = ({*paths(root / name)} for root in (tmp_path / "source", unpacked))
        assert sources == kept
    for name in ("Makefile", "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md"):
        assert (unpacked / name).is_file()
    wheel = build(WHEEL, unpacked, tmp_path / "wheel")
    names = zipfile.ZipFile(wheel).namelist()
    for name in ("data/share/doc/dvs-jax/cameras.md", "weights/fused/MODEL_CARD.md", "py.typed"):
        assert [each for each in names if each.endswith(name)]
    assert not [each for each in names if each.startswith("tests/")]


def test_messages_name_a_document_that_is_there():
    assert Path(document("cameras.md")).read_text().startswith("#")
    assert document("nothing.md") == "docs/nothing.md"

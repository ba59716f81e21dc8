"""The notebook: clean in git, and it runs from top to bottom."""

import base64
import importlib.util
import json
import os
import subprocess
import sys
import types
from pathlib import Path

import av
import nbclient
import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "colab" / "quickstart.ipynb"

SHORTER = "SECONDS, SIZE = 1.2, (320, 180)"
"""Run after the notebook's own parameters."""


@pytest.fixture
def notebook():
    return nbformat.read(NOTEBOOK, as_version=4)


def source_of(notebook, cell_id):
    return next(cell.source for cell in notebook.cells if cell.id == cell_id)


def test_it_is_valid_and_stripped(notebook):
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert nbformat.writes(notebook) == NOTEBOOK.read_text().rstrip("\n")


@pytest.fixture
def own_kernel(tmp_path, monkeypatch):
    """Let "python3" be the interpreter that runs the tests, whatever else is installed."""
    kernel = tmp_path / "jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    described = {"argv": command, "display_name": "Python 3", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(described))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))


@pytest.mark.slow
def test_it_runs_from_top_to_bottom(notebook, own_kernel, tmp_path):
    place = next(i for i, cell in enumerate(notebook.cells) if cell.id == "parameters")
    notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(SHORTER))
    resources = {"metadata": {"path": str(tmp_path)}}
    client = nbclient.NotebookClient(
        notebook, kernel_name="python3", resources=resources, timeout=600
    )
    client.execute()
    shown = {cell.id: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}

    printed = "".join(each.text for each in shown["clip"] if each.name == "stdout")
    assert "36 frames of 320 × 180 pixels" in printed
    table = shown["metrics"][0].data["text/plain"]
    assert "Input" in table and "Output" in table and "Stability" in table
    assert "image/jpeg" in shown["plot"][0].data
    page = shown["compare"][0].data["text/html"]
    assert "<video" in page
    encoded = page.partition("base64,")[2].partition('"')[0]
    (tmp_path / "shown.mp4").write_bytes(base64.b64decode(encoded))
    with av.open(str(tmp_path / "shown.mp4")) as video:
        frames = list(video.decode(video=0))
    assert len(frames) == 36
    assert (frames[0].width, frames[0].height) == (2 * 534, 300)


@pytest.fixture
def commands(monkeypatch):
    """What the install cell would run where the package is not installed."""
    run = []
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(subprocess, "run", lambda command, check: run.append(command))
    return run


def test_it_installs_from_the_clone_it_lies_in(notebook, commands, monkeypatch):
    monkeypatch.chdir(NOTEBOOK.parent)
    exec(source_of(notebook, "install"), {})
    assert commands == [[sys.executable, "-m", "pip", "install", "--quiet", str(ROOT)]]


def test_it_installs_from_a_clone_that_lies_in_the_folder(
    notebook, commands, tmp_path, monkeypatch
):
    # Such a folder can be imported, as an empty package; that is not enough.
    found = types.SimpleNamespace(origin=None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: found)
    (tmp_path / "dvs_jax").symlink_to(ROOT)
    monkeypatch.chdir(tmp_path)
    exec(source_of(notebook, "install"), {})
    assert commands[0][-1] == str(tmp_path / "dvs_jax")


def test_it_clones_the_repository(notebook, commands, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    install = source_of(notebook, "install")
    with pytest.raises(SystemExit, match="REPOSITORY"):
        exec(install, {})
    assert not commands
    exec(install.replace('REPOSITORY = ""', 'REPOSITORY = "https://host/dvs"'), {})
    assert commands[0][:2] == ["git", "clone"] and "https://host/dvs" in commands[0]
    assert commands[1][-1] == commands[0][-1]


def test_uploads_become_a_clip(notebook, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    uploads = {"walk.mp4": b"film", "walk_gyro.csv": b"t_s,wx,wy,wz\n"}
    google, colab, files = map(types.ModuleType, ("google", "google.colab", "google.colab.files"))
    files.upload = lambda: uploads
    colab.files = files
    for module in (google, colab, files):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    upload = source_of(notebook, "clip").partition("\nclip =")[0]
    exec(upload, {"UPLOAD": True, "Path": Path, "sys": sys})
    stored = {file.name: file.read_bytes() for file in (tmp_path / "own_clip").iterdir()}
    assert stored == uploads

"""The notebooks: clean in git, and they run from top to bottom."""

import base64
import html
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import types
from pathlib import Path

import av
import nbclient
import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "colab"
NOTEBOOKS = [
    *("quickstart", "own_footage", "frames_only", "subject", "viewport", "batch", "train"),
]

SHORTER = "SECONDS, SIZE = 1.2, (320, 180)"
"""Run after a notebook's own parameters."""


def read(name):
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


@pytest.fixture(params=NOTEBOOKS)
def notebook(request):
    return read(request.param)


def source_of(notebook, cell_id):
    return next(cell.source for cell in notebook.cells if cell.id == cell_id)


def test_all_notebooks_are_tested():
    assert sorted(NOTEBOOKS) == sorted(file.stem for file in FOLDER.glob("*.ipynb"))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_they_are_valid_and_stripped(name):
    notebook = read(name)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert nbformat.writes(notebook) == (FOLDER / f"{name}.ipynb").read_text().rstrip("\n")


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


def run(name, folder, parameters):
    """Run a notebook in a folder; return what its cells show, by their names."""
    notebook = read(name)
    place = next(i for i, cell in enumerate(notebook.cells) if cell.id == "parameters")
    notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(parameters))
    resources = {"metadata": {"path": str(folder)}}
    client = nbclient.NotebookClient(
        notebook, kernel_name="python3", resources=resources, timeout=600
    )
    client.execute()
    return {cell.id: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}


def assert_player_shows(output, frames, folder, size=(320, 180)):
    """Both halves of one embedded video."""
    page = html.unescape(output.data["text/html"])
    encoded = page.partition("base64,")[2].partition('"')[0]
    (folder / "shown.mp4").write_bytes(base64.b64decode(encoded))
    with av.open(str(folder / "shown.mp4")) as video:
        shown = list(video.decode(video=0))
    assert len(shown) == frames
    assert (shown[0].width, shown[0].height) == (2 * size[0], size[1])


def assert_both_are_shown(shown, folder):
    """The clip's description, the metrics, and a video of 36 frames of both."""
    assert "36 frames of 320 × 180 pixels" in printed(shown["clip"])
    table = shown["metrics"][0].data["text/plain"]
    assert "Input" in table and "Output" in table and "Stability" in table
    assert_player_shows(shown["compare"][-1], 36, folder)


def printed(outputs):
    return "".join(each.text for each in outputs if each.get("name") == "stdout")


@pytest.mark.slow
def test_the_quick_start_runs_from_top_to_bottom(own_kernel, tmp_path):
    shown = run("quickstart", tmp_path, SHORTER)
    assert_both_are_shown(shown, tmp_path)
    assert "pitch (deg)" in shown["plot"][-1].data["text/html"]
    assert_player_shows(shown["other"][-1], 36, tmp_path)


@pytest.mark.slow
def test_a_clip_is_stabilised_by_its_frames_alone_from_top_to_bottom(own_kernel, tmp_path):
    shown = run("frames_only", tmp_path, SHORTER)
    assert_both_are_shown(shown, tmp_path)
    assert "x (px of 640)" in shown["plot"][-1].data["text/html"]
    assert not list(tmp_path.glob("made_video/*.txt"))


@pytest.mark.slow
def test_own_footage_runs_from_top_to_bottom(own_kernel, tmp_path):
    shown = run("own_footage", tmp_path, SHORTER + "\nSMOOTHER = 'gaussian'")
    assert_both_are_shown(shown, tmp_path)
    assert "accelerometer: " in printed(shown["found"])
    assert "pitch (deg)" in shown["plot"][-1].data["text/html"]


@pytest.mark.slow
def test_many_clips_run_from_top_to_bottom(own_kernel, tmp_path):
    shown = run("batch", tmp_path, "CLIPS, SECONDS, SIZE, BATCH = 2, 0.8, (320, 180), 4")
    assert printed(shown["clip"]) == "2 clips\n"
    assert_player_shows(shown["compare"][-1], 24, tmp_path)
    assert "4 at once: " in printed(shown["throughput"])
    assert len(list(tmp_path.glob("results/*/*_stab_crop.mp4"))) == 2


@pytest.mark.slow
def test_a_network_is_trained_from_top_to_bottom(own_kernel, tmp_path):
    few = f"CLONE, EPOCHS, STEPS, SECONDS, SIZE = {str(ROOT)!r}, 1, 20, 0.8, (320, 180)"
    shown = run("train", tmp_path, few)
    assert "image/png" in shown["curves"][-1].data
    assert "40 steps" in printed(shown["resume"])
    assert_player_shows(shown["use"][-1], 24, tmp_path)
    assert (tmp_path / "run" / "model").is_dir()


@pytest.mark.slow
def test_a_person_is_kept_in_place_from_top_to_bottom(own_kernel, tmp_path, published_models):
    shorter = f"SECONDS, SIZE, MODELS = 0.8, (640, 360), {str(published_models)!r}"
    shown = run("subject", tmp_path, shorter)
    assert "walk: 24 frames of 640 × 360 pixels" in printed(shown["clip"])
    assert_player_shows(shown["compare"][-1], 24, tmp_path, (640, 360))
    assert "image/jpeg" in shown["plot"][0].data
    assert "output" in shown["metrics"][0].data["text/plain"]
    assert "image/png" in shown["poses"][-1].data
    with av.open(str(tmp_path / "result/walk_subject.mp4")) as video:
        assert len(list(video.decode(video=0))) == 24


@pytest.mark.slow
def test_where_a_viewer_will_look_is_told_from_top_to_bottom(own_kernel, tmp_path):
    shown = run("viewport", tmp_path, "SECONDS = 10.0")
    printed = {name: "".join(each.get("text", "") for each in shown[name]) for name in shown}
    assert "blobs.mp4: 500 samples of a head in 10.0 s" in printed["recording"]
    assert "image/jpeg" in shown["view"][-1].data
    assert "damped" in printed["errors"] and "viewport, motion alone" in printed["errors"]
    assert "at 5.0 s: " in printed["live"] and "of 144 tiles in view at 6.0 s" in printed["live"]
    assert "image/png" in shown["live"][-1].data
    names = {file.name for file in (tmp_path / "result").iterdir()}
    assert {"blobs_salxyz.npz", "blobs_viewport.csv", "blobs_tiles.csv"} <= names


@pytest.fixture
def commands(monkeypatch):
    """What the install cell would run where the package is not installed."""
    run = []
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(subprocess, "run", lambda command, check: run.append(command))
    return run


def test_it_installs_from_the_clone_it_lies_in(notebook, commands, monkeypatch):
    monkeypatch.chdir(FOLDER)
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


def test_it_installs_from_a_wheel_that_lies_in_the_folder(
    notebook, commands, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvs_jax-0.1.0-py3-none-any.whl").touch()
    exec(source_of(notebook, "install"), {})
    assert commands[0][-1] == str(tmp_path / "dvs_jax-0.1.0-py3-none-any.whl")


def test_it_clones_the_repository(notebook, commands, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    install = source_of(notebook, "install")
    with pytest.raises(SystemExit, match="REPOSITORY"):
        exec(install, {})
    assert not commands
    exec(install.replace('REPOSITORY = ""', 'REPOSITORY = "https://host/dvs"'), {})
    assert commands[0][:2] == ["git", "clone"] and "https://host/dvs" in commands[0]
    assert commands[1][-1] == commands[0][-1]


def test_badge_and_address_come_from_one_place(tmp_path):
    folder = shutil.copytree(FOLDER, tmp_path / "colab")
    for repository in ("first/one", "owner/name"):
        command = [sys.executable, str(folder / "badges.py"), repository]
        subprocess.run(command, check=True)
    for name in NOTEBOOKS:
        text = (folder / f"{name}.ipynb").read_text()
        changed = nbformat.reads(text, as_version=4)
        assert nbformat.writes(changed) == text.rstrip("\n")
        badge, _, title = source_of(changed, "title").partition("\n\n")
        assert badge.endswith(f"/github/owner/name/blob/main/colab/{name}.ipynb)")
        assert source_of(read(name), "title").endswith(title)
        assert 'REPOSITORY = "https://github.com/owner/name"' in source_of(changed, "install")
        assert "first/one" not in text


def test_a_repository_has_an_owner_and_a_name(tmp_path):
    command = [sys.executable, str(FOLDER / "badges.py"), "name alone"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.stderr == "name the repository: make badges REPOSITORY=owner/name\n"


def test_uploads_become_a_clip(notebook, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    uploads = {"walk.mp4": b"film", "walk_gyro.csv": b"t_s,wx,wy,wz\n"}
    google, colab, files = map(types.ModuleType, ("google", "google.colab", "google.colab.files"))
    files.upload = lambda: uploads
    colab.files = files
    for module in (google, colab, files):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    if all("UPLOAD" not in cell.source for cell in notebook.cells):
        pytest.skip("it takes no files")
    parts = re.split(r"\nclip =|\n\n(?:import|from) dvs_jax", source_of(notebook, "clip"))
    upload = parts[0]
    exec(upload, {"UPLOAD": True, "Path": Path, "sys": sys})
    (folder,) = tmp_path.iterdir()
    stored = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert stored == uploads

"""What the documents say is true: their logs load, their commands and their code run."""

import itertools
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import typer

import dvs_jax
from dvs_jax import camera as cameras
from dvs_jax import camera_path, cli, quaternion, recordings, sensors, synthetic
from dvs_jax.camera import Camera
from dvs_jax.lens import Lens
from dvs_jax.metrics import Metrics
from dvs_jax.sensors import camera_file, frames, gyro, ois

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    *("quickstart", "stabilize", "published", "python", "formats", "cameras", "recordings"),
    *("index", "concepts", "which_method", "measures", "speed", "limits", "stabnet", "stabgan"),
]
DOCUMENTS = (ROOT / "README.md", *(ROOT / "docs" / f"{name}.md" for name in PAGES))
QUICKSTART, STABILIZE, PUBLISHED, PYTHON, FORMATS, CAMERAS, RECORDINGS = DOCUMENTS[1:8]

START_NS = 83_000_000_000
"""When a synthetic clip's first frame was exposed, on its gyro's clock."""


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file that it is an example of, and its text."""

    language: str
    file: str | None
    text: str


def blocks(document, language=None, file=None, containing=""):
    fenced = re.findall(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", document.read_text(), re.M | re.S)
    found = [Block(language, file or None, text) for language, file, text in fenced]
    return [
        block
        for block in found
        if language in (None, block.language)
        and file in (None, block.file)
        and containing in block.text
    ]


def block(document, **wanted):
    (found,) = blocks(document, **wanted)
    return found


def write(folder, *examples):
    for example in examples:
        (folder / example.file).write_text(example.text)


# The formats.


def logs(role):
    return [each for each in blocks(FORMATS) if f"_{role}." in (each.file or "")]


@pytest.mark.parametrize(
    ("example", "start_ns"),
    list(zip(logs("gyro"), [0, 5_000_000_000, START_NS, START_NS], strict=True)),
)
def test_the_gyro_examples_tell_of_the_same_motion(tmp_path, example, start_ns):
    write(tmp_path, example)
    path = gyro.read(tmp_path / example.file, Camera())
    np.testing.assert_array_equal(path.time_ns[:3], start_ns + np.array([0, 2_500_000, 5_000_000]))
    turn = quaternion.multiply(path.quaternion[1:3], quaternion.conjugate(path.quaternion[:2]))
    rate = quaternion.to_rotation_vector(turn) / 2.5e-3
    expected = [[-0.0045, 0.0127, 0.0011], [-0.0051, 0.0120, 0.0013]]
    np.testing.assert_allclose(rate, expected, atol=1e-3)


@pytest.mark.parametrize("example", blocks(RECORDINGS, language="csv"), ids=lambda each: each.file)
def test_the_examples_of_recordings_tell_of_that_motion_too(tmp_path, example):
    write(tmp_path, example)
    found = recordings.read(tmp_path / example.file)
    np.testing.assert_array_equal(np.diff(found.time_ns), 2_500_000)
    wanted = [[0.0131, -0.0042, 0.0008], [0.0127, -0.0045, 0.0011], [0.0120, -0.0051, 0.0013]]
    np.testing.assert_allclose(found.motion, wanted, atol=1e-9)


@pytest.mark.parametrize("example", logs("ois"))
def test_the_ois_examples_tell_of_the_same_shifts(tmp_path, example):
    write(tmp_path, example)
    log = ois.read(tmp_path / example.file, Camera())
    np.testing.assert_array_equal(np.diff(log.time_ns), 5_000_000)
    expected = [[-0.003, 0.001], [-0.00275, 0.00125], [-0.0025, 0.0015]]
    np.testing.assert_allclose(log.offset, expected, atol=1e-12)


@pytest.mark.parametrize("example", logs("frame"))
def test_the_frame_examples_subtract_half_the_exposure(tmp_path, example):
    write(tmp_path, example)
    log = frames.read(tmp_path / example.file, Camera())
    start_ns, readout_ns, lag_ns = (
        (0, 20_000_000, 0) if "walk" in example.file else (START_NS, 30_000_000, 1_500_000)
    )
    np.testing.assert_allclose(log.time_ns, start_ns + np.array([0, 1e9 / 30, 2e9 / 30]), atol=4e5)
    np.testing.assert_array_equal(log.ois_time_ns, log.time_ns - lag_ns)
    np.testing.assert_array_equal(log.readout_ns, readout_ns)


@pytest.mark.parametrize(
    ("stem", "first_center_ns"), [("walk", 10_000_000), ("clip", START_NS + 15_000_000)]
)
def test_the_example_logs_of_one_clip_go_together(tmp_path, stem, first_center_ns):
    for role in ("gyro", "ois", "frame"):
        write(tmp_path, next(each for each in logs(role) if each.file.startswith(stem)))
    log = sensors.load(tmp_path / f"{stem}.mp4", np.arange(3) * 33_333_333)
    assert sensors.center_time_ns(log.frames)[0] == first_center_ns
    np.testing.assert_allclose(sensors.ois_at(log.ois, log.frames.ois_time_ns)[0], [-0.003, 0.001])


def test_the_camera_examples_are_what_they_say(tmp_path):
    read = []
    for example in blocks(FORMATS, language="toml"):
        write(tmp_path, example)
        read.append(camera_file.read(tmp_path / example.file))
    released, calibrated, wide, offset = read
    assert released == Camera()
    assert calibrated.focal_length == (573.85 / 800, 575.04 / 800)
    assert wide.lens == Lens("fisheye", (0.04, 0.01, -0.005, 0.0))
    assert offset.clock_offset_s == -5.02


def test_the_table_of_keys_is_complete():
    table = re.findall(r"^\| (`.*?) \|", FORMATS.read_text().partition("## camera.toml")[2], re.M)
    keys = {name.split(".")[-1] for row in table for name in re.findall(r"`([\w.]+)`", row)}
    written = "\n".join(each.text for each in blocks(FORMATS, language="toml"))
    assert keys >= set(re.findall(r"^(\w+) =", written, re.M))


def test_the_trajectory_example_is_one(tmp_path):
    write(tmp_path, block(FORMATS, file="walk.txt"))
    path = camera_path.read(tmp_path / "walk.txt")
    assert list(path.time_ns) == [14_000_000, 47_333_333]
    np.testing.assert_allclose(np.linalg.norm(path.quaternion, axis=-1), 1.0)


# The camera.


def test_the_three_moves_move_the_picture_as_the_table_says():
    size, still = (1280, 720), np.zeros(2)
    middle, right = np.array([639.5, 359.5]), np.array([1000.0, 359.5])

    def moved(axis, point):
        turned = quaternion.from_rotation_vector(0.1 * np.eye(3)[axis])
        matrix = cameras.homography(Camera(), size, quaternion.identity(), turned, still, still)
        return cameras.apply_homography(matrix, point) - point

    assert moved(0, middle)[1] < -50  # tilted down: up
    assert moved(1, middle)[0] > 50  # panned to the left: to the right
    assert moved(2, right)[1] > 30  # rolled counter-clockwise: clockwise


def test_the_rule_about_minus_signs_is_the_right_hand_rule():
    even_orders = ("xyz", "yzx", "zxy")
    for order in map("".join, itertools.permutations("xyz")):
        for signs in itertools.product((1, -1), repeat=3):
            log_to_pose = (
                np.array(signs)[:, None] * np.eye(3)[["xyz".index(axis) for axis in order]]
            )
            # The pose turns against the camera, hence the minus.
            is_proper = np.linalg.det(-log_to_pose) > 0
            is_odd = signs.count(-1) % 2 == 1
            assert is_proper == (is_odd == (order in even_orders))


# Commands.


def shell_lines(document):
    text = "\n".join(each.text for each in blocks(document, language="sh"))
    return [line for line in text.splitlines() if line]


def code_spans(document):
    return re.findall(r"`([^`\n]+)`", document.read_text())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_the_commands_exist_and_take_their_arguments(document):
    program = typer.main.get_command(cli.app)
    context = program.make_context("dvs-jax", ["stabilize"])
    for line in shell_lines(document):
        name, *arguments = line.split()
        if name == "dvs-jax" and arguments != ["--help"]:
            _, command, rest = program.resolve_command(context, arguments)
            command.make_context(command.name, rest, parent=context)
    for span in code_spans(document):
        name, *arguments = span.split()
        if name == "dvs-jax" and arguments:
            command = program.get_command(context, arguments[0])
            assert command, span
            assert {*arguments[1:2]} <= {*getattr(command, "commands", arguments)}, span


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_the_make_targets_exist(document):
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M)
    for command in shell_lines(document) + code_spans(document):
        if command.startswith("make "):
            assert command.split()[1] in targets


def test_the_extras_exist():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    named = re.findall(r"'\.\[(\w+)\]'", QUICKSTART.read_text())
    assert named
    assert set(named) <= set(extras)


def test_the_metrics_shown_exist():
    shown = re.findall(r"^│ (.*?)  ", block(QUICKSTART, containing="Rotation jitter").text, re.M)
    labels = [field.metadata["label"] for field in Metrics.__dataclass_fields__.values()]
    assert shown
    assert set(shown) <= set(labels)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_the_links_lead_somewhere(document):
    for link in re.findall(r"\]\((?!https:)([^)]+)\)", document.read_text()):
        file, _, anchor = link.partition("#")
        target = document.parent / file if file else document
        assert target.exists(), link
        headings = re.findall(r"^#+ (.*)$", target.read_text(), re.M) if anchor else []
        slugs = [re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings]
        assert not anchor or anchor in slugs, link


# Running what they say.


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """A clip of 1.2 s, with its gyro log as [time after the first frame, wx, wy, wz]."""
    folder = tmp_path_factory.mktemp("recording")
    clip = synthetic.SyntheticClip(
        motion="walking", duration_s=1.2, size=(320, 180), frame_rate=15, ois=False
    )
    video = synthetic.synthesize(clip, folder)
    log = np.loadtxt(folder / "walking_gyro.txt")
    log[:, 0] = (log[:, 0] * 1e3 - START_NS) / 1e9
    return video, log


@pytest.fixture(scope="module")
def workplace(tmp_path_factory, recording):
    """A folder with what the documents take for granted, and the programs it calls."""
    folder = tmp_path_factory.mktemp("workplace")
    video, log = recording
    shutil.copy(video, folder / "VID_0042.mp4")
    write(folder, block(STABILIZE, file="camera.toml"))
    header = block(STABILIZE, file="gyro.csv").text.splitlines()[0]
    np.savetxt(folder / "gyro.csv", log, "%.9f", delimiter=",", header=header, comments="")
    (folder / "docs").symlink_to(ROOT / "docs")
    (folder / "bin").mkdir()
    for name, arguments in (("dvs-jax", "-m dvs_jax"), ("python", "")):
        program = folder / "bin" / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
        program.chmod(0o755)
    return folder


def run_shell(text, folder):
    paths = {"PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    paths["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, **paths}
    done = subprocess.run(
        ["bash", "-e", "-c", text], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def stabilized(workplace):
    """The workplace after the commands for one's own video, and what they printed."""
    return workplace, run_shell(block(STABILIZE, containing="VID_0042").text, workplace)


@pytest.fixture
def in_workplace(stabilized, monkeypatch):
    """The same as the current folder."""
    folder, _ = stabilized
    monkeypatch.chdir(folder)


@pytest.mark.slow
def test_one_s_own_video_gives_the_files_that_are_listed(stabilized):
    folder, printed = stabilized
    listed = re.findall(r"^\| `(walk\S*)` \|", STABILIZE.read_text(), re.M)
    assert sorted(listed) == sorted(path.name for path in (folder / "walk_out").iterdir())
    assert "Output" in printed


@pytest.mark.slow
def test_the_python_example_runs(in_workplace, capsys):
    names = {}
    exec(block(PYTHON, language="python", containing="dvs_jax.stabilize").text, names)
    assert "walk_stab_crop.mp4" in capsys.readouterr().out
    assert names["path"].quaternion.shape == (18, 4)
    assert 0.5 < names["report"].metrics.output.fov_ratio_average <= 1.0


@pytest.mark.slow
def test_the_online_example_gives_the_predicted_path(in_workplace, capsys):
    names = {}
    exec(block(PYTHON, language="python", containing="OnlineStabilizer").text, names)
    printed = capsys.readouterr().out.split("\n")[:-1]
    assert 8 <= len(printed) < 18
    expected = dvs_jax.predict_trajectory(dvs_jax.load_model("fused"), names["clip"])
    assert int(printed[0].split()[0]) == expected.time_ns[0]
    np.testing.assert_allclose(names["pose"], expected.quaternion[len(printed) - 1], atol=1e-5)
    assert len(printed) + len(names["rest"]) == 18


@pytest.mark.slow
def test_the_commands_for_official_weights_run(golden, stabilized, tmp_path):
    folder, _ = stabilized
    shutil.copy(golden / "dvs/random.checkpoint", tmp_path / "official.checkpoint")
    for name in ("walk", "bin"):
        (tmp_path / name).symlink_to(folder / name)
    commands = block(PUBLISHED, containing="official.checkpoint").text
    run_shell(commands, tmp_path)
    path = camera_path.read(tmp_path / "walk_dvs/walk.txt")
    model = dvs_jax.load_model(golden / "dvs/random.checkpoint")
    clip = dvs_jax.load_clip(folder / "walk")
    report = dvs_jax.stabilize(clip, tmp_path / "direct", model=model)
    direct = camera_path.read(report.trajectory)
    np.testing.assert_array_equal(path.time_ns, direct.time_ns)
    np.testing.assert_allclose(path.quaternion, direct.quaternion, atol=1e-6)


@pytest.mark.slow
def test_the_picture_tells_how_the_gyro_is_mounted(workplace, tmp_path):
    described = synthetic.SyntheticClip(size=(320, 180), duration_s=3.0, ois=False, seed=5)
    synthetic.synthesize(described, tmp_path)
    calibration = workplace / "calibration"
    calibration.mkdir()
    shutil.copy(next(tmp_path.glob("*.mp4")), calibration / "clip.mp4")
    log = np.loadtxt(next(tmp_path.glob("*_gyro.txt")))
    time_s = log[:, 0] * 1e-6 - START_NS * 1e-9
    # The released order is (y, x, z): see what becomes of it, and of a clock 45 ms ahead.
    moved = np.stack([time_s + 0.045, -log[:, 3], log[:, 1], -log[:, 2]], axis=1)
    header = "t_s,wx,wy,wz"
    file = calibration / "clip_gyro.csv"
    np.savetxt(file, moved, "%.9f", delimiter=",", header=header, comments="")
    run_shell(block(CAMERAS, containing="dvs-jax calibrate").text, workplace)
    found = tomllib.loads((calibration / "camera.toml").read_text())
    assert found["gyro"]["axes"] == ["-z", "y", "-x"]
    assert found["gyro"]["clock_offset_ms"] == pytest.approx(-45, abs=2)
    assert found["readout_time_ms"] == pytest.approx(30, abs=3)
    assert found["fov"] == pytest.approx(1.27, rel=0.02)


def printed_rows(text: str) -> dict[str, tuple[float, float]]:
    """Return input and output of each row of a printed table of metrics."""
    rows = re.findall(r"^│ (\S.*?) +│.*│ +([\d.]+) │ +([\d.]+) │$", text, re.M)
    return {name: (float(before), float(after)) for name, before, after in rows}


@pytest.mark.slow
def test_the_demos_numbers_are_what_it_prints(tmp_path):
    """Outputs within a quarter, for versions of the libraries differ."""
    told = printed_rows(block(QUICKSTART, containing="Shift above 2 Hz").text)
    command = [sys.executable, "-m", "dvs_jax", "demo", "--out", str(tmp_path / "demo")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    now = printed_rows(done.stdout)
    assert len(told) >= 3
    for name, (before, after) in told.items():
        assert now[name][0] == pytest.approx(before, rel=0.02), name
        assert now[name][1] == pytest.approx(after, rel=0.25, abs=0.001), name

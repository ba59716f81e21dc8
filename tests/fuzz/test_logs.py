"""Sensor logs, camera descriptions and trajectories with words and bytes changed at random."""

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from dvs_jax import camera_path, sensors
from dvs_jax.sensors import camera_file
from dvs_jax.sensors.integration import with_pre_roll

from .budget import budget
from .examination import outcome
from .text_mutation import text_mutations

FEW = 60

TIMES = [f"{1601468900.0 + 0.01 * i:.9f}" for i in range(40)]
VIDEO_NS = np.arange(10) * 33_000_000

LOGS = {
    "gyro": (
        "t_s,wx,wy,wz\n" + "".join(f"{time},0.1,-0.2,0.3\n" for time in TIMES),
        "".join(f"{round(float(time) * 1e9)} 0 0 0.6 0.8\n" for time in TIMES),
        "# by a logger\n# t_us, g0_deg_s, g1_deg_s, g2_deg_s\n"
        + "".join(f"{round(float(time) * 1e6)}\t1e1\t-.5\t3\n" for time in TIMES),
        "".join(f"{round(float(time) * 1e6)} 0.1 -0.2 0.3\n" for time in TIMES),
    ),
    "ois": (
        "t_s;x;y\n" + "".join(f"{time};3.5;-2\n" for time in TIMES),
        "".join(f"1 2 3.5 -2.25 {round(float(time) * 1e9)}\n" for time in TIMES),
    ),
    "frame": (
        "t_s,exposure_ms,readout_us,t_ois_ns\n"
        + "".join(f"{t},8.0,20000,{round(float(t) * 1e9)}\n" for t in TIMES[::3]),
        "".join(
            f"{round(float(t) * 1e9)} {i} 8000000 20000000 {round(float(t) * 1e9)}\n"
            for i, t in enumerate(TIMES[::3])
        ),
        "".join(
            f"{round(float(t) * 1e9)} 8000000 7 20000000 {round(float(t) * 1e9)}\n"
            for t in TIMES[::3]
        ),
    ),
}

DESCRIPTIONS = (
    "fov = 1.27\nreadout_time_ms = 30.0\n[gyro]\naxes = ['-y', 'x', 'z']\n",
    "[intrinsics]\nwidth = 800\nheight = 600\nfx = 573.85\nfy = 575.04\ncx = 406.01\ncy = 309.01\n"
    '[gyro]\naxes = ["y", "x", "z"]\nclock_offset_ms = 0.5\n[ois]\nwindow = [4032, 2272]\n',
)

PATHS = (
    "".join(f"{1601468900000000000 + 33333333 * i} 0 0 0.6 0.8\n" for i in range(20)),
    "8.300400000000000000e+10 0 0 0 1\n83037333333.4 0.6 0 0 -0.8 # last\n",
)


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Thousands of warnings would be kept."""
    caplog.set_level(logging.ERROR, "dvs_jax")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a log of each kind."""
    folder = tmp_path_factory.mktemp("logs") / "clip"
    folder.mkdir()
    for kind, originals in LOGS.items():
        (folder / f"a_{kind}.csv").write_text(originals[0])
    (folder / "camera.toml").write_text(DESCRIPTIONS[0])
    return folder


def load(folder: Path) -> None:
    """Load a clip's sensors, and ask them what drawing asks."""
    log = sensors.load(folder / "a.mp4", VIDEO_NS)
    pose, shift = sensors.row_poses(log, 3)
    assert np.isfinite(pose).all()
    assert np.isfinite(shift).all()
    assert (np.diff(log.frames.time_ns) > 0).all()
    assert (np.diff(log.gyro.time_ns) > 0).all()
    assert (np.diff(with_pre_roll(log.gyro).time_ns) > 0).all()


@pytest.mark.parametrize("kind", LOGS)
def test_the_originals_are_read(kind: str, clip: Path, tmp_path: Path) -> None:
    for original in LOGS[kind]:
        folder = shutil.copytree(clip, tmp_path / "copy", dirs_exist_ok=True)
        (folder / f"a_{kind}.csv").write_text(original)
        load(folder)


@pytest.mark.parametrize("kind", LOGS)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_damaged_logs(kind: str, clip: Path, tmp_path: Path, fuzz_examples: int | None) -> None:
    folder = shutil.copytree(clip, tmp_path / "copy")

    @budget(FEW, fuzz_examples)
    @given(data=text_mutations(LOGS[kind]))
    def damaged(data: bytes) -> None:
        (folder / f"a_{kind}.csv").write_bytes(data)
        outcome(lambda _: load(folder), Path("a_"))

    damaged()


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_damaged_descriptions(clip: Path, tmp_path: Path, fuzz_examples: int | None) -> None:
    folder = shutil.copytree(clip, tmp_path / "copy")

    def read(path: Path) -> None:
        camera_file.read(path)
        load(folder)

    @budget(FEW, fuzz_examples)
    @given(data=text_mutations(DESCRIPTIONS))
    def damaged(data: bytes) -> None:
        (folder / "camera.toml").write_bytes(data)
        outcome(read, folder / "")

    damaged()


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_damaged_trajectories(tmp_path: Path, fuzz_examples: int | None) -> None:
    file = tmp_path / "path.txt"

    def read(path: Path) -> None:
        found = camera_path.read(path)
        assert found.time_ns.dtype == np.int64
        assert (found.time_ns[1:] > found.time_ns[:-1]).all()
        np.testing.assert_allclose(np.linalg.norm(found.quaternion, axis=1), 1.0)

    @budget(FEW, fuzz_examples)
    @given(data=text_mutations(PATHS))
    def damaged(data: bytes) -> None:
        file.write_bytes(data)
        outcome(read, file)

    damaged()


def test_the_trajectories_are_read(tmp_path: Path) -> None:
    for text, count in zip(PATHS, (20, 2), strict=True):
        (tmp_path / "path.txt").write_text(text)
        assert len(camera_path.read(tmp_path / "path.txt")) == count

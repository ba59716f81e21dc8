"""Clips on the devices against the same clips by the host's pipeline."""

import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from dvs_jax import camera_path, plots, video
from dvs_jax.flow.raft import RaftEstimator
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.method import FusedMethod
from dvs_jax.methods import Method, Smoothed
from dvs_jax.stabilization.batch import Job, one_by_one, run
from dvs_jax.stabilization.batch.on_devices import devices_suit, on_devices
from dvs_jax.stabilization.devices.lanes import Program
from dvs_jax.stabilization.run import stabilize_by
from dvs_jax.stabilization.settings import Settings
from dvs_jax.video.picture import planes
from tests.flow.weights import untrained_small
from tests.fused.networks import calm
from tests.stabilization.test_footage import in_ten_bits, written

ENCODED = {"crf": 0, "preset": "ultrafast", "encoder": "software", "border": "black"}


@pytest.fixture
def folders(walk, tmp_path, monkeypatch) -> list[Path]:
    """Three clips, of which the second has no gyro log."""
    monkeypatch.setattr(plots, "plot_path", lambda file, *_: file.write_bytes(b"a picture"))
    (walk / "camera.toml").write_text("fov = 1.27\n")
    copies = [walk, *(Path(shutil.copytree(walk, tmp_path / name)) for name in ("b", "c"))]
    (copies[1] / "walking_gyro.txt").unlink()
    return copies


def by_both(folders: list[Path], out: Path, method: Method, **options):
    """The outcomes of the same clips on the devices and on the host, clip by clip."""
    settings = Settings(**options, **ENCODED)
    on_host = partial(stabilize_by, method=method, settings=settings)
    devices = on_devices(method, settings, lanes=2)
    for name, process in (("devices", devices), ("host", one_by_one(on_host))):
        jobs = [Job(folder, out / name / folder.name) for folder in folders]
        outcomes = {each.job: each for each in run(jobs, process, {}, resume=False)}
        yield [outcomes[job] for job in jobs]


def assert_alike(devices, host) -> None:
    assert (devices.state, devices.frames) == (host.state, host.frames)
    if devices.report is None:
        assert devices.error == host.error
        return
    assert devices.report.kept == pytest.approx(host.report.kept, abs=1e-4)
    assert devices.report.explained == pytest.approx(host.report.explained, abs=1e-6)
    paths = [camera_path.read(each.report.trajectory) for each in (devices, host)]
    np.testing.assert_allclose(paths[0].quaternion, paths[1].quaternion, atol=2e-5)
    for kind in ("cropped", "uncropped", "side_by_side"):
        files = [getattr(each.report, kind) for each in (devices, host)]
        if files[0] is None:
            assert files[1] is None
            continue
        frames = [np.array(list(video.read_frames(file)), int) for file in files]
        apart = np.abs(frames[0] - frames[1])
        assert apart.mean() < 0.01
        assert apart.max() <= 3


@pytest.mark.parametrize(
    "network",
    [
        pytest.param(False, id="smoother"),
        pytest.param(True, id="network", marks=pytest.mark.slow),
    ],
)
def test_devices_make_what_the_host_makes(folders, tmp_path, network):
    method = Smoothed("gaussian")
    if network:
        method = FusedMethod(calm(Architecture(flow=False, lstm=(8,))))
    videos = {"uncropped": True, "side_by_side": True}
    devices, host = by_both(folders, tmp_path / "out", method, **videos)
    assert [each.state for each in devices] == ["done", "failed", "done"]
    for pair in zip(devices, host, strict=True):
        assert_alike(*pair)


@pytest.mark.slow
def test_ten_bits_are_drawn_on_devices_too(folders, tmp_path):
    in_ten_bits(folders[0])
    devices, host = by_both([folders[0], folders[2]], tmp_path / "out", Smoothed("gaussian"))
    files = [each.report.cropped for outcomes in (devices, host) for each in outcomes]
    assert [written(file)[1] for file in files] == ["yuv420p10le", "yuv420p"] * 2
    ten = [[planes(each)[0] for each in video.read_pictures(file)] for file in files[::2]]
    apart = np.abs(np.subtract(*ten, dtype=int))
    assert apart.mean() < 0.1
    assert apart.max() <= 12


@pytest.mark.slow
@pytest.mark.parametrize("framing", [None, "smallest"])
def test_flow_is_made_on_the_devices_too(folders, tmp_path, framing):
    model = calm(Architecture(lstm=(8,), fusion=8, flow_size=(30, 17)))
    estimator = RaftEstimator("small", untrained_small(), iterations=2)
    method = FusedMethod(model, estimator)
    devices, host = by_both(folders, tmp_path / "out", method, framing=framing)
    assert [each.state for each in devices] == ["done", "failed", "done"]
    for pair in zip(devices, host, strict=True):
        assert_alike(*pair)


@pytest.mark.slow
def test_a_disk_that_is_full_fails_its_clip_and_leaves_nothing(folders, tmp_path, monkeypatch):
    write = video.VideoWriter.write_picture

    def full(self, picture, time_ns):
        if self.path.is_relative_to(tmp_path / "out" / "devices" / "c") and time_ns > 5e8:
            raise OSError(28, "No space left on device")
        write(self, picture, time_ns)

    monkeypatch.setattr(video.VideoWriter, "write_picture", full)
    devices, _ = by_both(folders, tmp_path / "out", Smoothed("gaussian"))
    assert [each.state for each in devices] == ["done", "failed", "failed"]
    assert "No space left" in devices[2].error
    assert list((tmp_path / "out" / "devices" / "c").iterdir()) == []


def test_devices_that_give_up_fail_what_is_left(folders, tmp_path, monkeypatch):
    def out_of_memory(*_):
        raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory")

    monkeypatch.setattr(Program, "__call__", out_of_memory)
    devices, _ = by_both(folders, tmp_path / "out", Smoothed("gaussian"))
    assert [each.state for each in devices] == ["failed"] * 3
    assert "no gyro log" in devices[1].error
    assert "Out of memory" in devices[2].error
    assert list((tmp_path / "out" / "devices" / "c").iterdir()) == []


def test_a_cpu_leaves_the_work_to_the_host():
    assert not devices_suit(FusedMethod(calm(Architecture(flow=False, lstm=(8,)))))

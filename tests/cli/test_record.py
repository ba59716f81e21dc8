"""`dvs-jax record`, with FFmpeg's test picture as the camera."""

import os
import re
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import interrupting
import pytest

from dvs_jax.errors import InputError
from dvs_jax.video import VideoWriter, probe
from dvs_jax.video.capture import WAITING
from dvs_jax.whole_file import locked

from .run import assert_refused

CAMERA = "lavfi:testsrc2=size=96x64:rate=30,realtime"


def named(out: str) -> list[Path]:
    return [Path(path) for path in re.findall(r": (\S+\.mp4)", out)]


@pytest.mark.slow
def test_record_keeps_what_it_saw_and_stabilises_it(dvs, tmp_path):
    run = dvs("record", "--camera", CAMERA, "--seconds", "0.5", "-o", tmp_path / "out")
    assert run.code == 0
    kept, stabilized = named(run.out)
    assert run.lines("note") == [f"note: {CAMERA}: is recorded into {kept}; Ctrl-C ends it"]
    assert re.fullmatch(r"camera_\d{8}_\d{6}\.mp4", kept.name)
    assert stabilized == kept.with_name(f"{kept.stem}_stab_crop.mp4")
    assert probe(kept).frame_count == probe(stabilized).frame_count >= 2
    assert probe(kept).time_ns[-1] < 0.5e9


@pytest.fixture
def interruptible():
    """A process that an interrupt reaches, also where a shell runs it in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("mode", [[], ["--live"]])
def test_an_interrupt_ends_the_recording_and_keeps_it(dvs, tmp_path, monkeypatch, mode):
    write, written = VideoWriter.write_picture, []

    def interrupted(self, picture, time_ns):
        write(self, picture, time_ns)
        written.append(time_ns)
        if len(written) == 5:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(VideoWriter, "write_picture", interrupted)
    before = signal.getsignal(signal.SIGINT)
    run = dvs("record", "--camera", CAMERA, "-o", tmp_path / "out", *mode)
    assert run.code == 0
    kept, stabilized = named(run.out)
    assert probe(kept).frame_count >= probe(stabilized).frame_count >= 1
    assert mode or probe(kept).frame_count == probe(stabilized).frame_count
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.slow
def test_dropped_pictures_are_counted(dvs, tmp_path, monkeypatch):
    write = VideoWriter.write_picture

    def after_the_camera(self, picture, time_ns):
        """A machine that writes its first picture when the camera has shown all."""
        for thread in threading.enumerate():
            if thread.name == "camera":
                thread.join(60.0)
        write(self, picture, time_ns)

    monkeypatch.setattr(VideoWriter, "write_picture", after_the_camera)
    camera = "lavfi:testsrc2=size=96x64:rate=30:duration=3"
    run = dvs("record", "--camera", camera, "-o", tmp_path / "out", "--live")
    dropped = int(re.search(r"too slow for (\d+) pictures", "".join(run.lines("warning")))[1])
    assert probe(named(run.out)[0]).frame_count + dropped == 89
    assert dropped >= 89 - 2 * WAITING


def recording(tmp_path: Path) -> interrupting.Process:
    """Return a process that has encoded several pictures: its file holds more than a header."""
    camera = CAMERA.replace("96x64", "320x240")
    arguments = ["dvs_jax", "record", "--camera", camera, "-o", tmp_path / "out"]
    process = interrupting.start(arguments, tmp_path / "scratch")
    unfinished = ".unfinished-*/.camera*.part"
    interrupting.wait_until(
        lambda: any(file.stat().st_size > 10_000 for file in (tmp_path / "out").glob(unfinished)),
        process,
    )
    return process


@pytest.mark.slow
def test_ctrl_c_keeps_the_recording_of_a_process(tmp_path):
    process = recording(tmp_path)
    process.send_signal(signal.SIGINT)
    printed, told = process.communicate(timeout=300)
    assert process.returncode == 0, told
    kept, stabilized = named(printed)
    assert probe(kept).frame_count == probe(stabilized).frame_count >= 2


@pytest.mark.slow
def test_sigterm_ends_it_at_once_and_leaves_nothing(tmp_path):
    end = interrupting.interrupt(recording(tmp_path), signal.SIGTERM, tmp_path)
    assert (end.code, end.told, end.left) == (143, ["interrupted"], [])
    assert list((tmp_path / "out").iterdir()) == []


def test_what_cannot_be_recorded_is_one_line(dvs, tmp_path):
    out = tmp_path / "out"
    assert_refused(dvs("record", "--camera", "v4l2:/dev/nothing", "-o", out), "cannot be opened")
    assert_refused(dvs("record", "--camera", "nonsense:0", "-o", out), "FFmpeg reads no nonsense")
    refused = dvs("record", "--camera", CAMERA, "--model", "gyro_only", "-o", out)
    assert_refused(refused, "--model gyro_only reads a gyro")
    assert not list(out.glob("*.mp4"))


@pytest.mark.slow
def test_a_full_disk_is_one_line_and_leaves_nothing(dvs, tmp_path, monkeypatch):
    def full(self, picture, time_ns):
        raise InputError("cannot write camera.mp4 (No space left on device)")

    monkeypatch.setattr(VideoWriter, "write_picture", full)
    for mode in ([], ["--live"]):
        run = dvs("record", "--camera", CAMERA, "-o", tmp_path / "out", *mode)
        error = "error: cannot write camera.mp4 (No space left on device)"
        assert (run.code, run.out, run.err.splitlines()[1:]) == (2, "", [error])
    assert list((tmp_path / "out").iterdir()) == []


def test_two_recordings_of_one_name_are_refused(dvs, tmp_path, monkeypatch):
    class AlwaysNow(datetime):
        @classmethod
        def now(cls):
            return cls(2025, 1, 31, 17, 45)

    monkeypatch.setattr("dvs_jax.cli.record.datetime", AlwaysNow)
    with ThreadPoolExecutor() as pool, locked(tmp_path, "camera_20250131_174500.mp4"):
        arguments = ("record", "--camera", CAMERA, "--seconds", "1", "-o", tmp_path)
        run = pool.submit(dvs, *arguments).result()
    assert_refused(run, "another run is writing camera_20250131_174500.mp4 there")

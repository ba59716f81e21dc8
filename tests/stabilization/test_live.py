"""Recordings of a camera, stabilised while they are made."""

import time
from dataclasses import replace

import numpy as np
import pytest
from flax import nnx

from dvs_jax import video
from dvs_jax.clip import load_clip
from dvs_jax.errors import InputError
from dvs_jax.methods import AsFilmed, Refined
from dvs_jax.stabilization import Settings, live, stabilize_by
from dvs_jax.stabnet.method import StabNetMethod
from dvs_jax.stabnet.network import Network
from dvs_jax.video import probe
from dvs_jax.video.capture import Captured


class Camera:
    """Plays a file as a camera that waits."""

    def __init__(self, file, count=None):
        self.info = probe(file)
        self.dropped, self._file, self._count = 0, file, count
        self.ended = type("Event", (), {"set": lambda self: None})()

    def pictures(self):
        shown = zip(video.read_pictures(self._file), self.info.time_ns.tolist(), strict=True)
        for index, each in enumerate(shown):
            if index == self._count:
                return
            yield Captured(*each)


@pytest.fixture
def patient(monkeypatch):
    """Nothing is dropped, though this camera does not wait for the stabilising."""
    monkeypatch.setattr(live, "WAITING", 100)


def stabilized(camera, file):
    return live.record_stabilized(camera, file, np.inf, live.prepared(camera.info, None))


def test_a_recording_has_the_camera_s_pictures_and_times(walk, tmp_path):
    source = walk / "walking.mp4"
    assert live.record(Camera(source), tmp_path / "a.mp4", until_s=0.5) == 15
    info = probe(tmp_path / "a.mp4")
    np.testing.assert_array_equal(info.time_ns, probe(source).time_ns[:15])
    assert (info.width, info.height, info.frame_rate) == (192, 108, 30)


@pytest.mark.slow
def test_live_makes_the_very_pictures_that_the_file_gives_afterwards(walk, tmp_path, patient):
    source = walk / "walking.mp4"
    steady = stabilized(Camera(source), tmp_path / "a.mp4")
    assert steady == tmp_path / "a_stab_crop.mp4"
    for file in (tmp_path / "a.mp4", steady):
        np.testing.assert_array_equal(probe(file).time_ns, probe(source).time_ns)
    clip, method = load_clip(source, read_sensors=False), Refined(own_look_ahead_s=0.4)
    offline = stabilize_by(clip, tmp_path / "offline", method, Settings(framing="fixed"))
    found, expected, as_filmed = (
        np.array(list(video.read_frames(file)), int) for file in (steady, offline.cropped, source)
    )
    np.testing.assert_array_equal(found, expected)
    assert np.abs(found - as_filmed).mean() > 5.0


def test_the_recording_is_whole_though_stabilising_is_slow(walk, tmp_path, caplog):
    camera, file = Camera(walk / "walking.mp4"), tmp_path / "a.mp4"
    prepared = live.prepared(camera.info, None)

    def after_the_recording(captured):
        while not file.exists():
            time.sleep(0.01)
        return prepared(captured)

    steady = live.record_stabilized(camera, file, np.inf, after_the_recording)
    np.testing.assert_array_equal(probe(file).time_ns, camera.info.time_ns)
    np.testing.assert_array_equal(probe(steady).time_ns, camera.info.time_ns[: live.WAITING])
    assert f"a.mp4: this machine was too slow to stabilise {30 - live.WAITING} of" in caplog.text


def test_in_step_both_files_have_the_very_same_pictures(walk, tmp_path):
    camera, file = Camera(walk / "walking.mp4"), tmp_path / "a.mp4"

    def all_but_every_third(captured):
        return (each for index, each in enumerate(captured) if index % 3)

    prepared = live.prepared(camera.info, None)
    captured = all_but_every_third(camera.pictures())
    drawn = list(live.record_in_step(captured, camera.info, file, prepared))
    assert len(drawn) == 20
    expected = [t for i, t in enumerate(camera.info.time_ns.tolist()) if i % 3]
    for each in (file, live.stabilized_file(file)):
        # Counted from another frame than the first, nanoseconds may be rounded otherwise.
        apart = probe(each).time_ns - (np.array(expected) - expected[0])
        assert np.abs(apart).max() <= 1


def test_the_recording_is_kept_where_stabilising_fails(walk, tmp_path):
    camera = Camera(walk / "walking.mp4")
    other = replace(camera.info, width=96, height=64)
    with pytest.raises(InputError, match="pictures had 96 × 64 pixels, and have 192 × 108 now"):
        live.record_stabilized(camera, tmp_path / "a.mp4", np.inf, live.prepared(other, None))
    assert [file.name for file in tmp_path.glob("*.mp4")] == ["a.mp4"]
    assert probe(tmp_path / "a.mp4").frame_count == 30


@pytest.mark.slow
def test_stabnet_is_run_live_too(walk, tmp_path, patient):
    method, source = StabNetMethod(Network(nnx.Rngs(0))), walk / "walking.mp4"
    camera = Camera(source)
    steady = live.record_stabilized(
        camera, tmp_path / "a.mp4", np.inf, live.prepared(camera.info, method)
    )
    clip = load_clip(source, read_sensors=False)
    offline = stabilize_by(clip, tmp_path / "offline", method, Settings(framing="fixed"))
    found, expected = (list(video.read_frames(file)) for file in (steady, offline.cropped))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("count", [1, 5])
def test_a_recording_shorter_than_the_look_ahead_is_whole(walk, tmp_path, count):
    camera = Camera(walk / "walking.mp4", count)
    steady = stabilized(camera, tmp_path / "a.mp4")
    assert probe(steady).frame_count == count


def test_no_picture_is_one_line_and_no_file(walk, tmp_path):
    with pytest.raises(InputError, match="no frame was written"):
        stabilized(Camera(walk / "walking.mp4", 0), tmp_path / "a.mp4")
    assert list(tmp_path.glob("*.mp4")) == []


def test_methods_that_cannot_be_run_live_are_refused():
    with pytest.raises(InputError, match="only pictures alone and our StabNet stabilise"):
        live.require_live(AsFilmed())
    live.require_live(None)

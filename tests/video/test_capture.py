"""A camera's pictures: how they come, what is dropped, and when it ends.

FFmpeg's test picture plays the camera, paced in real time where that matters.
"""

import sys
import threading
import time
from fractions import Fraction

import av
import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.video import camera_source
from dvs_jax.video.camera_source import CameraSource
from dvs_jax.video.capture import WAITING, Capture, _decoded
from dvs_jax.video.picture import planes

PICTURE = "testsrc2=size=64x48:rate=30"


def wait_for(condition) -> None:
    end = time.monotonic() + 60.0
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("camera", "expected"),
    [
        ("v4l2:/dev/video3", ("v4l2", "/dev/video3")),
        ("lavfi:testsrc2=size=64x48:rate=30", ("lavfi", "testsrc2=size=64x48:rate=30")),
        ("rtsp://camera.example:554/one", (None, "rtsp://camera.example:554/one")),
        ("C:\\nowhere.mp4", (None, "C:\\nowhere.mp4")),
    ],
)
def test_a_format_may_stand_in_front(camera, expected):
    assert camera_source.parse(camera) == CameraSource(*expected)


@pytest.mark.parametrize(
    ("platform", "expected"),
    [("linux", ("v4l2", "/dev/video1")), ("darwin", ("avfoundation", "1"))],
)
def test_a_number_is_a_camera_of_this_system(monkeypatch, platform, expected):
    monkeypatch.setattr(sys, "platform", platform)
    assert camera_source.parse("1") == CameraSource(*expected)


def test_what_is_no_camera_is_told(monkeypatch, tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"")
    with pytest.raises(InputError, match=r"a\.mp4: is a file, no camera"):
        Capture(str(tmp_path / "a.mp4"))
    with pytest.raises(InputError, match="FFmpeg reads no nonsense here"):
        Capture("nonsense:0")
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(InputError, match="give dshow:video=NAME"):
        Capture("0")


@pytest.mark.parametrize("camera", ["lavfi:nonsense", "v4l2:/dev/nothing", "nowhere"])
def test_what_cannot_be_opened_is_one_line(camera):
    with pytest.raises(InputError, match=f"^{camera}: cannot be opened [(].+[)]$"), Capture(camera):
        pass


def test_pictures_come_with_their_times_and_the_camera_is_described():
    with Capture(f"lavfi:{PICTURE}:duration=0.3,format=yuvj422p,crop=63:47") as capture:
        captured = list(capture.pictures())
    info = capture.info
    assert (info.width, info.height, info.frame_rate) == (62, 46, 30)
    # The first of nine is looked at to describe them.
    assert [each.time_ns for each in captured] == [round(i * 1e9 / 30) for i in range(8)]
    assert {each.picture.format.name for each in captured} == {"yuv420p"}
    assert {(each.picture.width, each.picture.height) for each in captured} == {(62, 46)}


def test_what_is_not_taken_in_time_is_dropped_and_counted():
    with Capture(f"lavfi:{PICTURE}:duration=2") as capture:
        pictures = capture.pictures()
        first = next(pictures)
        wait_for(capture.ended.is_set)
        rest = list(pictures)
    assert len(rest) <= WAITING
    assert 1 + len(rest) + capture.dropped == 59
    assert capture.dropped >= 59 - 2 * WAITING
    assert first.time_ns == 0 and (np.diff([each.time_ns for each in rest]) > 0).all()


def test_an_endless_camera_ends_when_told_to():
    with Capture(f"lavfi:{PICTURE},realtime") as capture:
        for index, _ in enumerate(capture.pictures()):
            if index == 3:
                capture.ended.set()
    assert not capture._thread.is_alive()


def test_a_camera_that_breaks_off_ends_the_recording_and_says_so(monkeypatch, caplog):
    with Capture(f"lavfi:{PICTURE}:duration=1") as capture:

        def breaking(decoded):
            yield next(decoded)
            raise av.error.OSError(5, "Input/output error")

        monkeypatch.setattr(capture, "_decoded", breaking(capture._decoded))
        assert len(list(capture.pictures())) == 1
    assert "has ended (Input/output error)" in caplog.text


def test_a_camera_that_hangs_ends_the_recording_and_says_so(monkeypatch, caplog):
    monkeypatch.setattr("dvs_jax.video.capture.SILENCE_S", 0.02)
    plugged_in = threading.Event()
    with Capture(f"lavfi:{PICTURE}:duration=1") as capture:

        def hanging(decoded):
            yield next(decoded)
            plugged_in.wait()

        monkeypatch.setattr(capture, "_decoded", hanging(capture._decoded))
        assert len(list(capture.pictures())) <= 1
        assert "has ended (nothing came for 0.03 s)" in caplog.text
    plugged_in.set()


def test_a_camera_that_never_has_a_picture_cannot_be_opened(monkeypatch):
    class Nothing:
        def decode(self, stream):
            raise BlockingIOError

    monkeypatch.setattr("dvs_jax.video.capture.SILENCE_S", 0.02)
    with pytest.raises(TimeoutError, match="nothing came"):
        next(_decoded(Nothing(), None))


def test_pictures_too_close_for_a_file_are_left_out(tmp_path):
    # Every other one comes 5 µs after the one before it.
    bursts = "settb=1/1000000,setpts=floor(N/2)*40000+mod(N\\,2)*5"
    with Capture(f"lavfi:{PICTURE}:duration=0.4,{bursts}") as capture:
        times_ns = [each.time_ns for each in capture.pictures()]
    assert len(times_ns) >= 5
    assert np.diff(times_ns).min() >= 20_000


def test_pixels_that_are_not_square_stay_so():
    with Capture(f"lavfi:{PICTURE}:duration=0.2,setsar=16/15") as capture:
        assert capture.info.pixel_aspect == Fraction(16, 15)


def test_ten_bits_stay():
    with Capture(f"lavfi:{PICTURE}:duration=0.1,format=yuv422p10le") as capture:
        captured = list(capture.pictures())
    assert capture.info.bit_depth == 10
    assert planes(captured[0].picture)[0].dtype == np.uint16

"""A recording whose pictures a browser sends, steadied meanwhile; no browser is asked."""

import io
import threading

import numpy as np
import pytest
from PIL import Image

from dvs_jax import video
from dvs_jax.app import live, showing, stabilizing
from dvs_jax.app.job import CancelledError
from dvs_jax.app.live import Live, Lives
from dvs_jax.app.stabilizing import Wish
from dvs_jax.app.visitors import Visitors
from dvs_jax.errors import InputError
from dvs_jax.progress import silently
from dvs_jax.stabilization.drawing import Drawn
from dvs_jax.stabilization.live import stabilized_file

STEP_NS = 33_000_000


def jpeg(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=95)
    return file.getvalue()


@pytest.fixture(scope="module")
def sent(walk):
    """Pictures as a browser sends them."""
    return [jpeg(frame) for frame in video.read_frames(walk / "walking.mp4")]


@pytest.fixture
def may_begin(monkeypatch):
    """Steadies nothing, from the time on when it is set."""
    begun = threading.Event()

    def as_they_come(captured):
        begun.wait(60.0)
        for each in captured:
            yield each.time_ns, Drawn(None, each.picture, [each.picture])

    monkeypatch.setattr(live.live, "prepared", lambda info, method: as_they_come)
    return begun


@pytest.mark.slow
def test_both_files_have_the_pictures_that_were_taken_and_the_newest_is_shown(
    sent, may_begin, tmp_path, monkeypatch
):
    monkeypatch.setattr(live, "WAITING", 100)
    recording = Live(sent[0], tmp_path / "recording.mp4", 60.0)
    for index, each in enumerate(sent):
        assert recording.push(each, index * STEP_NS) == (None, 0, False)
    assert recording.push(sent[0], 0).dropped == 0  # a time that was there already
    may_begin.set()
    assert recording.end() == len(sent)
    shown = live.decoded(recording.push(sent[0], 0).jpeg).astype(float)
    assert np.abs(shown - live.decoded(sent[-1])).mean() < 4.0
    for file in (recording.file, stabilized_file(recording.file)):
        times = video.probe(file).time_ns
        np.testing.assert_allclose(times, np.arange(len(sent)) * STEP_NS, atol=20_000)


@pytest.mark.slow
def test_what_the_machine_is_too_slow_for_is_dropped_and_counted(sent, may_begin, tmp_path):
    recording = Live(sent[0], tmp_path / "recording.mp4", 60.0)
    for index, each in enumerate(sent[:10]):
        shown = recording.push(each, index * STEP_NS)
    assert shown == (None, 10 - live.WAITING, False)
    may_begin.set()
    assert recording.end() == live.WAITING


def test_it_ends_at_the_limit(sent, may_begin, tmp_path):
    may_begin.set()
    recording = Live(sent[0], tmp_path / "recording.mp4", 1.0)
    assert not recording.push(sent[0], 0).ended
    assert recording.push(sent[1], 1_000_000_000).ended
    assert recording.end() in (1, 2)


def test_one_visitor_records_at_a_time(sent, may_begin, tmp_path):
    lives = Lives(60.0)
    first = lives.begin(sent[0], tmp_path / "one.mp4")
    with pytest.raises(InputError, match="Somebody else records here just now"):
        lives.begin(sent[0], tmp_path / "other.mp4")
    first.push(sent[0], 0)
    may_begin.set()
    first.end()
    lives.begin(sent[0], tmp_path / "other.mp4").cancel()


def test_it_ends_with_the_visitor_who_leaves(sent, may_begin, tmp_path):
    may_begin.set()
    visitors = Visitors(tmp_path / "visitors")
    visitor = visitors.of("one")
    assert visitors.called(visitor.folder.name) is visitor
    visitor.live = Live(sent[0], visitor.cleared("live") / "recording.mp4", 60.0)
    assert visitor.is_busy()
    visitors.leave("one")
    assert not visitor.folder.exists() and not visitor.is_busy()
    assert visitors.called(visitor.folder.name) is None
    with pytest.raises((InputError, CancelledError)):
        visitor.live.end()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no picture", "what it sent is no picture"),
        (jpeg(np.zeros((1100, 1930, 3), np.uint8)), "1930 × 1100 pixels cannot be taken"),
    ],
)
def test_what_is_no_picture_is_refused(content, said, tmp_path):
    with pytest.raises(InputError, match=said):
        Live(content, tmp_path / "recording.mp4", 60.0)


def test_odd_sizes_lose_a_row_and_a_column():
    assert live.decoded(jpeg(np.zeros((33, 41, 3), np.uint8))).shape == (32, 40, 3)


@pytest.mark.slow
def test_what_was_recorded_is_shown_and_measured_like_the_rest(walk, tmp_path):
    file = tmp_path / "recording.mp4"
    for each in (file, stabilized_file(file)):
        each.write_bytes((walk / "walking.mp4").read_bytes())
    made = stabilizing.recorded(file, Wish(side_by_side=True), tmp_path, silently)
    assert made.report.kept == pytest.approx(0.8)
    both = video.probe(made.report.side_by_side)
    assert (both.width, both.height, both.frame_count) == (640, 180, 24)
    for name in ("Video", "Side by side"):
        assert f">{name}</a>" in showing.downloads(made)
    measured = stabilizing.measure(made, silently)
    assert measured.output.frames == 24
    assert measured.output.sharpness > 0.0


def test_its_page_may_use_the_camera_and_knows_where_pictures_go():
    shown = showing.live("abc")
    assert 'allow="camera; autoplay"' in shown
    assert "live/abc/" in shown and "&quot;frameRate&quot;" in shown

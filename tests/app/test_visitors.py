"""Whose files are whose."""

import threading
import time

import pytest

from dvs_jax.app.job import CancelledError, Job
from dvs_jax.app.visitors import KEPT_S, Visitors


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def visitors(tmp_path, clock):
    return Visitors(tmp_path / "visitors", clock)


def test_each_has_a_folder_whose_name_tells_nothing(visitors):
    one, other = visitors.of("one"), visitors.of("other")
    assert visitors.of("one") is one
    assert one.folder != other.folder
    assert len(one.folder.name) == 32 and "one" not in one.folder.name


def test_a_new_upload_replaces_the_one_before_and_can_be_asked_for_again(visitors, tmp_path):
    visitor = visitors.of("one")
    for name in ("first.mp4", "second.mp4", "second.mp4"):
        (tmp_path / name).write_bytes(name.encode())
        clip = visitor.take([tmp_path / name])
        assert {file.name: file.read_bytes() for file in clip.iterdir()} == {name: name.encode()}
    (visitor.cleared() / "result.mp4").touch()
    assert list(visitor.cleared().iterdir()) == []


def test_an_upload_goes_with_the_last_who_brought_it(visitors, tmp_path):
    file = tmp_path / "same.mp4"
    file.write_bytes(b"film")
    for name in ("one", "other"):
        visitors.of(name).take([file])
    visitors.leave("one")
    assert file.exists()
    visitors.leave("other")
    assert not file.exists()
    assert list((tmp_path / "visitors").iterdir()) == []


def test_who_leaves_takes_his_files_and_his_work_along(visitors):
    visitor, begun = visitors.of("one"), threading.Event()

    def work(track):
        for _ in track(iter(int, 1), 1, "stabilising"):
            begun.set()

    visitor.job = Job(work)
    assert begun.wait(10)
    visitors.leave("one")
    assert not visitor.folder.exists()
    with pytest.raises(CancelledError):
        visitor.job.result()
    visitors.leave("one")
    assert visitors.of("one") is not visitor


def test_who_stays_away_for_long_is_forgotten(visitors, clock):
    away = visitors.of("away")
    clock.now_s = KEPT_S
    visitors.forget_absent()
    assert away.folder.exists()
    clock.now_s = KEPT_S + 1.0
    visitors.forget_absent()
    assert not away.folder.exists()


def test_who_waits_for_his_video_is_not_away(visitors, clock):
    may_end = threading.Event()
    waiting = visitors.of("waiting")
    waiting.job = Job(lambda _: may_end.wait(60.0))
    clock.now_s = KEPT_S + 1.0
    visitors.forget_absent()
    may_end.set()
    assert waiting.job.result() and waiting.folder.exists()


def test_nobody_has_to_come_for_that(visitors, clock, monkeypatch):
    monkeypatch.setattr("dvs_jax.app.visitors._LOOKED_AFTER_S", 0.01)
    away = visitors.of("away")
    clock.now_s = KEPT_S + 1.0
    with visitors.watched():
        until = time.monotonic() + 60.0
        while away.folder.exists() and time.monotonic() < until:
            time.sleep(0.01)
    assert not away.folder.exists()

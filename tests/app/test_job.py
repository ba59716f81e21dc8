"""Work that is asked how far it is, and cancelled."""

import threading

import pytest

from dvs_jax.app import showing
from dvs_jax.app.job import CancelledError, Job, Progress


def test_it_tells_how_far_it_is_and_what_it_made():
    asked, reached = threading.Event(), threading.Event()

    def work(track):
        for item in track("abcd", 4, "stabilising"):
            if item == "c":
                reached.set()
                assert asked.wait(10)
        return "made"

    job = Job(work)
    assert reached.wait(10)
    assert next(job.steps()) == Progress("stabilising", 2, 4)
    asked.set()
    assert job.result() == "made"


def test_cancelled_it_ends_at_the_next_frame():
    cancelled, taken = threading.Event(), []

    def work(track):
        for item in track(range(100), 100, "stabilising"):
            taken.append(item)
            if item == 3:
                reached.set()
                assert cancelled.wait(10)

    reached = threading.Event()
    job = Job(work)
    assert reached.wait(10)
    job.cancel()
    cancelled.set()
    with pytest.raises(CancelledError):
        job.result()
    assert taken == [0, 1, 2, 3]
    job.cancel()


def test_an_error_is_the_callers():
    def work(track):
        raise ValueError("of the work")

    job = Job(work)
    with pytest.raises(ValueError, match="of the work"):
        job.result()


def test_the_bar_counts_frames():
    bar = showing.progress(Progress("stabilising", 34, 150))
    assert 'value="34" max="150"' in bar
    assert "stabilising: 34 of 150 frames" in bar
    assert "<progress" not in showing.progress(Progress("preparing", 0, 0))

"""A bounded queue whose first side never waits."""

import threading

import pytest

from dvs_jax.video.dropping_queue import DroppingQueue


def test_what_finds_it_full_is_dropped_and_counted():
    waiting = DroppingQueue(3)
    waiting.fill(range(10))
    assert (list(waiting.taken()), waiting.dropped) == ([0, 1, 2], 7)


def test_single_items_are_dropped_likewise():
    waiting = DroppingQueue(2)
    for item in range(3):
        waiting.put(item)
    waiting.ended.set()
    assert (list(waiting.taken()), waiting.dropped) == ([0, 1], 1)


def test_nothing_is_dropped_for_one_who_keeps_up():
    waiting, taken = DroppingQueue(1), threading.Semaphore(1)

    def one_at_a_time():
        for index in range(20):
            taken.acquire()
            yield index

    thread = threading.Thread(target=waiting.fill, args=(one_at_a_time(),))
    thread.start()
    found = []
    for item in waiting.taken():
        found.append(item)
        taken.release()
    thread.join()
    assert (found, waiting.dropped) == (list(range(20)), 0)


def test_it_ends_when_told_to_and_after_an_error():
    waiting = DroppingQueue(3)
    waiting.ended.set()
    waiting.fill(iter(int, 1))
    assert list(waiting.taken()) == []

    def broken():
        yield 1
        raise OSError("unplugged")

    waiting = DroppingQueue(3)
    with pytest.raises(OSError, match="unplugged"):
        waiting.fill(broken())
    assert list(waiting.taken()) == [1]


def test_patience_ends():
    with pytest.raises(TimeoutError, match=r"nothing came for 0\.01 s"):
        next(DroppingQueue(1).taken(patience_s=0.01))

"""Batches come one ahead, with the loader's place just behind each."""

import threading
import time

import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.training.batches import from_text, prefetched, to_text

from . import toy


def test_a_place_survives_as_text():
    for state in ({"number": 3, "inner": [1, None]}, 7, b"\x00\xff{}", b""):
        assert from_text(to_text(state)) == state


def test_every_batch_comes_in_order_with_the_place_behind_it():
    with prefetched(toy.Stream(4), lambda batch: batch.x) as upcoming:
        for number in range(1, 6):
            placed = next(upcoming)
            np.testing.assert_array_equal(placed.batch, toy.points(4, seed=number - 1).x)
            assert from_text(placed.position) == {"number": number}


def test_going_on_from_a_place_gives_the_next_batch():
    with prefetched(toy.Stream(4), lambda batch: batch) as upcoming:
        place = [next(upcoming).position for _ in range(3)][1]
    again = toy.Stream(4)
    again.set_state(from_text(place))
    np.testing.assert_array_equal(next(again).x, toy.points(4, seed=2).x)


def test_the_next_batch_is_made_while_one_is_used():
    made = [threading.Event() for _ in range(4)]

    class Watched(toy.Stream):
        def __next__(self):
            made[self.number].set()
            return super().__next__()

    with prefetched(Watched(4), lambda batch: batch) as upcoming:
        next(upcoming)
        assert made[1].wait(timeout=10)
        assert not made[2].wait(timeout=0.05)


def test_the_wait_for_a_slow_loader_is_told():
    class Slow(toy.Stream):
        def __next__(self):
            time.sleep(0.1)
            return super().__next__()

    with prefetched(Slow(4), lambda batch: batch) as upcoming:
        assert next(upcoming).wait_s > 0.05
        time.sleep(0.2)
        assert next(upcoming).wait_s < 0.05


def test_the_end_of_the_data_is_told():
    class Empty(toy.Stream):
        def __next__(self):
            raise StopIteration

    with (
        prefetched(Empty(4), lambda batch: batch) as upcoming,
        pytest.raises(InputError, match="come to an end; let the loader repeat"),
    ):
        next(upcoming)

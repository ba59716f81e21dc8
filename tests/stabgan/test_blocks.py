"""Streams in blocks: each item is new in one block, with its true neighbours around it."""

import numpy as np
import pytest

from dvs_jax.stabgan.blocks import blocks


@pytest.mark.parametrize("count", [1, 3, 4, 5, 8, 9, 20])
@pytest.mark.parametrize("around", [0, 2, 7])
def test_each_item_is_new_once_and_has_its_neighbours(count, around):
    told = []
    stream = ((np.array(each), np.array([each, -each])) for each in range(1, count + 1))
    for block, new in blocks(stream, 4, around):
        number, pair = block.items
        assert number.shape == block.present.shape == (4 + 2 * around,)
        first = len(told) + 1 - around
        expected = np.arange(first, first + len(number))
        there = (expected >= 1) & (expected <= count)
        np.testing.assert_array_equal(block.present, there)
        np.testing.assert_array_equal(number, np.where(there, expected, 0))
        np.testing.assert_array_equal(pair[:, 1], -number)
        told.extend(number[around : around + new])
    assert told == list(range(1, count + 1))


def test_of_nothing_there_are_none():
    assert list(blocks(iter([]), 4, 2)) == []

"""Tasks side by side: order, errors, and lanes that are taken over."""

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.methods.stretch import FRAMES, Stretch, cut, starts
from dvs_jax.stabilization.devices.lanes import Program, drive, without_weights


class Summing:
    """Feeds numbers and takes their running sums, which stretches hand to one another."""

    def __init__(self, length: int, seed: int, fails: str = ""):
        self.numbers = np.random.default_rng(seed).integers(0, 100, length).astype(np.float32)
        self.fails, self.sums, self.closed = fails, [], []

    def feed(self) -> Iterator[Stretch]:
        for start in starts(len(self.numbers)):
            if self.fails == "feed" and start > 0:
                raise ValueError("reading")
            count = min(FRAMES, len(self.numbers) - start)
            yield Stretch((np.array(start == 0), cut(self.numbers, start)), count)

    def take(self, output: Any, count: int) -> None:
        if self.fails == "take":
            raise ValueError("writing")
        self.sums += output[:count].tolist()

    def close(self, error: BaseException | None) -> None:
        self.closed.append(error)
        if self.fails == "close":
            raise ValueError("closing")


def add_up(weights, carry, stretch):
    is_first, numbers = stretch
    sums = jnp.where(is_first, 0.0, carry) + jnp.cumsum(weights * numbers)
    return sums[-1], sums


def program(lanes: int = 3, devices: Any = None) -> Program:
    one = jax.device_put(np.float32(2.0))
    return Program(add_up, lambda stretch: stretch[1][0], one, lanes, devices)


def expected(task: Summing) -> list[float]:
    return (2.0 * np.cumsum(task.numbers)).tolist()


def test_every_task_gets_its_own_results_in_order_whatever_its_length():
    tasks = [Summing(length, seed) for seed, length in enumerate((1, 8, 9, 100, 3, 40, 17))]
    ended = list(drive(program(), iter(tasks)))
    assert {id(each.task) for each in ended} == {id(task) for task in tasks}
    for task in tasks:
        assert task.sums == expected(task)
        assert task.closed == [None]


def test_no_tasks_are_no_work():
    assert list(drive(program(), [])) == []


@pytest.mark.parametrize("fails", ["feed", "take", "close"])
def test_one_that_fails_stops_no_other(fails):
    tasks = [Summing(50, seed, fails if seed == 1 else "") for seed in range(5)]
    ended = {id(each.task): each.error for each in drive(program(2), tasks)}
    errors = [ended[id(task)] for task in tasks]
    assert [type(error) for error in errors] == [type(None), ValueError, *[type(None)] * 3]
    assert [len(task.closed) for task in tasks] == [1] * 5
    for task in (tasks[0], *tasks[2:]):
        assert task.sums == expected(task)


def test_an_interrupt_closes_all_that_were_begun():
    tasks = [Summing(200, seed) for seed in range(5)]
    done = program(2)
    compiled, calls = done.compiled, []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return compiled(*arguments)

    done.compiled = interrupted
    with pytest.raises(KeyboardInterrupt):
        list(drive(done, tasks))
    assert [[type(error) for error in task.closed] for task in tasks] == [
        *[[KeyboardInterrupt]] * 2,
        *[[]] * 3,
    ]


def test_everything_shares_one_compilation_and_moves_only_where_it_is_told_to():
    compiled = program()
    list(drive(compiled, [Summing(20, 0)]))
    with jax.transfer_guard_host_to_device("disallow"), jax.transfer_guard_device_to_host("log"):
        list(drive(compiled, [Summing(length, 1) for length in (5, 30, 64)]))
    assert compiled.compiled._cache_size() == 1


def test_a_function_alone_is_a_program_too():
    doubled = Program(without_weights(lambda pair: 2.0 * pair[1]), lambda _: jnp.zeros(()), (), 2)
    task = Summing(12, 0)
    list(drive(doubled, [task]))
    assert task.sums == (2.0 * task.numbers).tolist()

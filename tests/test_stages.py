import threading
from collections.abc import Iterator

import pytest

from dvs_jax.errors import InputError
from dvs_jax.stages import WAITING, Stages


def through(stages: Stages, names: list[str], items: Iterator[int]) -> Iterator[int]:
    for name in names:
        items = stages.run(name, items)
    return items


def test_order_is_kept_through_any_number_of_stages():
    with Stages() as stages:
        assert list(through(stages, list("abcd"), iter(range(1000)))) == list(range(1000))


def test_stages_run_at_the_same_time():
    begun = [threading.Event() for _ in range(11)]

    def first():
        for index in range(11):
            begun[index].set()
            yield index

    def second(items):
        for item in items:
            # In one thread the next item would not be begun before this one is done with.
            assert item == 10 or begun[item + 1].wait(10)
            yield item

    with Stages() as stages:
        assert len(list(stages.run("second", second(stages.run("first", first()))))) == 11


def test_a_stage_runs_no_further_ahead_than_its_queue():
    made = []

    def make():
        for index in range(100):
            made.append(index)
            yield index

    with Stages() as stages:
        items = stages.run("making", make())
        next(items)
        # One in its hands beside those that wait.
        assert len(made) <= WAITING + 3


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_error_in_any_stage_stops_all_and_names_the_stage(place):
    names, closed = ["decoding", "warping", "encoding"], []

    def stage(number, items):
        try:
            for item in items:
                if number == place and item == 7:
                    raise InputError("walk.mp4: is damaged")
                yield item
        finally:
            closed.append(number)

    with (
        pytest.raises(InputError) as caught,
        Stages() as stages,
        stages.naming("encoding"),
    ):
        items = iter(range(10**9))
        for number, name in enumerate(names[:2]):
            items = stages.run(name, stage(number, items))
        for _ in stage(2, items):
            pass
    assert str(caught.value) == f"walk.mp4: is damaged (while {names[place]})"
    assert sorted(closed) == [0, 1, 2]
    assert not any(thread.is_alive() for thread in stages._threads)


def test_a_fault_of_the_program_keeps_its_type_and_text():
    def fail():
        yield 1
        raise KeyError("left")

    with pytest.raises(KeyError) as caught, Stages() as stages:
        list(stages.run("second", stages.run("first", fail())))
    assert caught.value.args == ("left",)
    assert caught.value.__notes__ == ["while first"]


def test_an_interruption_stops_and_closes_all():
    closed = threading.Event()

    def endless():
        try:
            while True:
                yield 0
        finally:
            closed.set()

    with pytest.raises(KeyboardInterrupt), Stages() as stages:
        for _ in stages.run("second", stages.run("first", endless())):
            raise KeyboardInterrupt
    assert closed.is_set()
    assert not any(thread.is_alive() for thread in stages._threads)

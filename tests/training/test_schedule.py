"""Tables by epoch."""

import pytest

from dvs_jax.errors import InputError
from dvs_jax.training.schedule import value_at, weights_at

TABLE = ((1, {"follow": 10.0, "angle": 1.0}), (31, {"follow": 5.0, "overlap": 2.0}))


@pytest.mark.parametrize(
    ("epoch", "weights"),
    [
        (1, {"angle": 1.0, "follow": 10.0, "overlap": None}),
        (30, {"angle": 1.0, "follow": 10.0, "overlap": None}),
        (31, {"angle": None, "follow": 5.0, "overlap": 2.0}),
        (400, {"angle": None, "follow": 5.0, "overlap": 2.0}),
    ],
)
def test_a_row_holds_until_the_next_begins(epoch: int, weights: dict[str, float | None]):
    assert weights_at(TABLE, epoch) == weights


def test_the_terms_are_the_same_in_every_epoch():
    assert list(weights_at(TABLE, 1)) == list(weights_at(TABLE, 31))


def test_a_curriculum_is_such_a_table_too():
    curriculum = ((1, 2.0), (10, 5.0), (20, 30.0))
    assert [value_at(curriculum, epoch) for epoch in (1, 9, 10, 19, 20, 99)] == [
        *(2.0, 2.0),
        *(5.0, 5.0),
        *(30.0, 30.0),
    ]


@pytest.mark.parametrize("epochs", [(), (2,), (0, 5), (1, 5, 5), (1, 7, 3)])
def test_epochs_that_do_not_rise_from_one_are_told(epochs: tuple[int, ...]):
    with pytest.raises(InputError, match="table by epoch begins at the epochs"):
        value_at([(epoch, 0.0) for epoch in epochs], 1)

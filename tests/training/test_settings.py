"""Settings that make no sense are told."""

import pytest

from dvs_jax.errors import InputError
from dvs_jax.training.settings import require_sound, settings

from . import toy


def test_the_defaults_are_sound():
    require_sound(settings())


def test_a_field_that_is_none_cannot_be_set():
    with pytest.raises(AttributeError, match="lrr"):
        settings().lrr = 1.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"log_every": 0}, r"config\.train\.log_every: 0 is too few; it has to be 1 or more"),
        ({"steps_per_epoch": -1}, r"steps_per_epoch: -1 is too few"),
        ({"lr": -1.0}, r"config\.train\.lr: -1\.0 is negative"),
        ({"ema_decay": 1.0}, r"ema_decay: 1\.0 is not from 0 to below 1"),
        ({"loss_weights": ((1, 3.0),)}, r"from epoch 1 on it says 3\.0; write weights by term"),
        ({"loss_weights": ((1, {"a": "b"}),)}, r"it says \{'a': 'b'\}"),
        ({"loss_weights": ((1, {"a": float("nan")}),)}, r"it says \{'a': nan\}"),
        ({"loss_weights": (1, {"a": 1.0})}, r"is no table by epoch; write \(\(1, value\)"),
        ({"loss_weights": ()}, r"begins at the epochs \[\]"),
    ],
)
def test_what_makes_no_sense_is_told(changes: dict, message: str):
    with pytest.raises(InputError, match=message):
        require_sound(toy.config(**changes).train)

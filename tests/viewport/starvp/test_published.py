"""Weights of the public reproduction: what is refused, and with which words."""

import re
from pathlib import Path

import numpy as np
import pytest

from dvs_jax.errors import InputError
from dvs_jax.viewport.starvp import architecture, content, published

from .recorded import draw, network, small_keys

FILE = Path("starvp.pt")


@pytest.fixture(scope="module")
def tensors(golden):
    drawn = draw(golden, small_keys, 3101)
    return drawn | {"temporal_attn.pe": content.positions("sinusoid", 11, 17)}


@pytest.mark.slow
def test_the_architecture_is_told_by_the_shapes(golden):
    found = network(golden, "small", "sinusoid").of
    assert found == architecture.Architecture(
        past=6, future=5, lstm=16, width=32, heads=4, mlp=128, position=17, gate=12,
        encoding="sinusoid",
    )  # fmt: skip


def test_another_file_is_refused(tensors):
    with pytest.raises(InputError, match=r"starvp\.pt: holds no STAR-VP as published"):
        published.from_state_dict({"fc.weight": np.ones((2, 2))}, FILE)
    without = {name: each for name, each in tensors.items() if name != "gating.gate.0.weight"}
    with pytest.raises(InputError, match=r"starvp\.pt: .* missing: gate\.hidden\.kernel"):
        published.from_state_dict(without, FILE, heads=4)


def test_unknown_positions_are_refused(tensors):
    other = tensors | {"temporal_attn.pe": np.ones((11, 17), np.float32)}
    with pytest.raises(InputError, match=r"temporal_attn\.pe encodes positions in none"):
        published.from_state_dict(other, FILE, heads=4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"depth": 3}, "no field of a STAR-VP is called depth"),
        ({"past": 1}, "past is 1, and one sample tells of no motion"),
        ({"width": 30}, "width 30 cannot be shared by 8 heads"),
        ({"position": 128}, "position is 128; fourier needs an odd number"),
        ({"turn": 1}, "turn is 1, not of type bool"),
        ({"tau": 0.0}, "tau is 0.0; it has to be above 0"),
    ],
)
def test_an_impossible_network_is_refused(change, message):
    with pytest.raises(InputError, match="file: " + re.escape(message)):
        architecture.from_dict(change, Path("file"))

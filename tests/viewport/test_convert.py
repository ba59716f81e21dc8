"""`convert` takes the published files of the networks that predict viewports."""

import numpy as np
import pytest

import dvs_jax
from dvs_jax import checkpoint
from dvs_jax.errors import InputError
from dvs_jax.stabilization import models
from dvs_jax.viewport.paver import weights as paver
from dvs_jax.viewport.starvp import content, weights
from tests import torch_files

from .paver.recorded import as_google, decoders, timms
from .starvp.recorded import draw, small_keys


@pytest.fixture
def published(golden, tmp_path):
    """A file of each kind."""
    starvp = draw(golden, small_keys, 3101)
    starvp["temporal_attn.pe"] = content.positions("sinusoid", 11, 17)
    np.savez(tmp_path / "B_16.npz", **as_google(timms(golden)))
    return {
        "viewport": torch_files.save(tmp_path / "starvp.pt", {"model_state_dict": starvp}),
        "paver-decoder": torch_files.save(tmp_path / "paver.pt", decoders(golden)),
        "paver-transformer": torch_files.save(tmp_path / "vit.pth", timms(golden)),
        "google": tmp_path / "B_16.npz",
    }


@pytest.mark.slow
def test_each_published_file_becomes_a_checkpoint(published, tmp_path):
    for name, file in published.items():
        models.convert(file, tmp_path / name)
    assert weights.load(tmp_path / "viewport").of.future == 5
    for transformer in ("paver-transformer", "google"):
        network = paver.load(tmp_path / "paver-decoder", tmp_path / transformer)
        assert network.of.blocks == 2


def test_no_method_of_stabilising_is_made_of_them(published):
    for kind in ("viewport", "paver-decoder", "paver-transformer"):
        with pytest.raises(InputError, match="look, and stabilises nothing; use"):
            dvs_jax.load_model(published[kind])


def test_another_systems_checkpoint_is_refused_in_one_line(tmp_path):
    checkpoint.save(tmp_path / "other", {"w": np.zeros(3)}, {"kind": "stabnet"})
    with pytest.raises(InputError, match="other: holds no network that predicts viewports") as told:
        weights.load(tmp_path / "other")
    assert "\n" not in str(told.value)


def test_what_is_of_no_system_is_told_in_one_line(tmp_path):
    file = torch_files.save(tmp_path / "a.pt", {"fc.weight": np.ones((2, 2))})
    with pytest.raises(
        InputError, match=r"a\.pt: no published checkpoint of DVS .*STAR-VP"
    ) as told:
        models.convert(file, tmp_path / "out")
    assert "\n" not in str(told.value)
    assert not (tmp_path / "out").exists()

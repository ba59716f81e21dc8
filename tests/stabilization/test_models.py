"""Which system a checkpoint is of, and what is done with a loaded method."""

import numpy as np
import pytest

import dvs_jax
from dvs_jax import checkpoint, flow
from dvs_jax.errors import InputError
from dvs_jax.fused.method import FusedMethod
from dvs_jax.stabilization.models import as_method


def test_a_checkpoint_tells_which_system_it_is_of(tmp_path):
    model = dvs_jax.load_model("gyro_only")
    assert isinstance(model, FusedMethod)
    assert model.needs == {"gyro"} and np.isinf(model.look_ahead_s)
    assert dvs_jax.load_model("fused").look_ahead_s == 0.4
    checkpoint.save(tmp_path / "other", {"w": np.zeros(3)}, {"kind": "teapot"})
    with pytest.raises(InputError, match="other: holds a model of kind 'teapot', which is none of"):
        dvs_jax.load_model(tmp_path / "other")
    with pytest.raises(InputError):
        dvs_jax.load_model("no such model")


def test_the_flow_estimator_that_is_named_is_taken():
    model = dvs_jax.load_model("fused")
    assert as_method(model) is model
    assert as_method(model, "farneback").estimator.name == "farneback"
    assert as_method(model.network, "dis").estimator.name == "dis"
    maker = flow.create("dis")
    assert dvs_jax.load_model("fused", maker).estimator is maker

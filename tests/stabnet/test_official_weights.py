import re

import jax
import numpy as np
import pytest
from flax import nnx

import dvs_jax
from dvs_jax import checkpoint
from dvs_jax.errors import InputError
from dvs_jax.stabilization import models
from dvs_jax.stabnet import official_weights
from dvs_jax.stabnet.official_method import OfficialStabNetMethod
from dvs_jax.stabnet.official_names import all_names
from tests import torch_files

from . import bundles


def same(one, other) -> bool:
    leaves = (jax.tree.leaves(nnx.state(each)) for each in (one, other))
    return all((np.asarray(a) == np.asarray(b)).all() for a, b in zip(*leaves, strict=True))


def in_tensorflow(port_weights):
    """The weights as the authors' program keeps them, with what training adds."""
    variables = {}
    for each in all_names():
        array = port_weights[each.port]
        scope = "" if each.tensorflow.startswith("resnet_v2") else "fc/"
        array = array.transpose(*range(2, array.ndim), 1, 0) if array.ndim > 1 else array
        variables[f"stable_net/resnet/{scope}{each.tensorflow}"] = array
    bias = "stable_net/resnet/fc/fc/fc_bias"
    return variables | {f"{bias}/Adam": np.zeros(50), "beta1_power": np.zeros(())}


@pytest.fixture(scope="module")
def files(tmp_path_factory, port_weights):
    """The same weights in each kind of file."""
    folder = tmp_path_factory.mktemp("stabnet")
    tracked = {"resnet50.resnet_v2_50_postnorm_FusedBatchNorm.num_batches_tracked": np.zeros(())}
    return {
        "port": torch_files.save(folder / "stabNet.pth", port_weights | tracked),
        "tensorflow": bundles.write(folder / "model-90000.index", in_tensorflow(port_weights)),
    }


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["port", "tensorflow"])
def test_published_files_are_loaded(files, network, kind):
    model = dvs_jax.load_model(files[kind])
    assert isinstance(model, OfficialStabNetMethod)
    assert model.needs == frozenset() and model.look_ahead_s == 0.0
    assert same(model.network, network)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["port", "tensorflow"])
def test_published_files_are_converted(files, network, tmp_path, kind):
    models.convert(files[kind], tmp_path / "out")
    again = dvs_jax.load_model(tmp_path / "out")
    assert same(again.network, network)
    assert again.fingerprint() == OfficialStabNetMethod(network).fingerprint()


@pytest.mark.slow
def test_what_does_not_fit_is_named(port_weights, tmp_path):
    file = tmp_path / "stabNet.pth"

    def refused(**changed):
        content = {**port_weights, **changed}
        content = {name: value for name, value in content.items() if value is not None}
        with pytest.raises(InputError) as caught:
            official_weights.from_port(content, file)
        assert str(caught.value).startswith(f"{file}: ")
        return str(caught.value)

    last = "regressor.6.weight"
    assert f"missing: {last}" in refused(**{last: None})
    assert f"{last} is a str, not a tensor" in refused(**{last: "zeros"})
    assert "has shape (512, 49)" in refused(**{last: np.zeros((49, 512), np.float32)})
    assert "unexpected: other" in refused(other=np.zeros(3))
    assert "not finite" in refused(**{"regressor.6.bias": np.full(50, np.nan)})
    variance = "resnet50.resnet_v2_50_postnorm_FusedBatchNorm.running_var"
    assert "negative" in refused(**{variance: np.full(2048, -1.0)})
    with pytest.raises(InputError, match="no StabNet weights"):
        official_weights.from_port({"a": np.zeros(3)}, file)


def test_another_systems_file_is_told_apart(files, golden, tmp_path):
    with pytest.raises(InputError, match="no StabNet weights"):
        official_weights.load(golden / "dvs/random.checkpoint")
    checkpoint.save(tmp_path / "other", {"w": np.zeros(3)}, {"kind": "fused"})
    with pytest.raises(InputError, match="holds no official StabNet, but a model of kind 'fused'"):
        official_weights.load(tmp_path / "other")
    index = bundles.write(tmp_path / "x.index", {"w": np.zeros(3)})
    with pytest.raises(InputError, match=r"no variable ending in resnet_v2_50/conv1/weights"):
        dvs_jax.load_model(index)


def test_a_file_cut_short_is_told(files, tmp_path):
    for kind, name in (("port", "stabNet.pth"), ("tensorflow", "model-90000.index")):
        file = tmp_path / name
        file.write_bytes(files[kind].read_bytes()[:-100])
        with pytest.raises(InputError, match=re.escape(str(file))):
            dvs_jax.load_model(file)


def test_networks_of_frames_alone_find_no_camera_path(network, tmp_path):
    clip = dvs_jax.Clip.from_arrays(
        [np.zeros((36, 64, 3), np.uint8)] * 2, np.array([0, 33_000_000])
    )
    with pytest.raises(InputError, match="finds no path of a camera"):
        dvs_jax.predict_trajectory(OfficialStabNetMethod(network), clip)

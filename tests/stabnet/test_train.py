"""Training StabNet from a config and photographs to a model, in miniature, and what is refused."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import jax
import numpy as np
import pytest
from flax import nnx
from ml_collections import ConfigDict

from dvs_jax import cli
from dvs_jax.errors import InputError
from dvs_jax.stabilization.models import load_model
from dvs_jax.stabnet import train
from dvs_jax.stabnet.network import Network
from dvs_jax.stabnet.settings import settings
from dvs_jax.training import loop, parallel
from tests import virtual_devices
from tests.training import toy


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photographs")
    noise = np.random.default_rng(0).integers(0, 255, (90, 120, 3), dtype=np.uint8)
    cv2.imwrite(str(folder / "noise.png"), cv2.resize(noise, (1200, 900)))
    return folder


@pytest.fixture
def config(photographs) -> ConfigDict:
    config = settings()
    config.data.photographs = config.data.held_out = str(photographs)
    config.data.pieces, config.data.frames = 4, 2
    config.train.batch_size, config.train.epochs, config.train.steps_per_epoch = 1, 2, 1
    config.train.lr, config.train.loss_weights = 1e-3, ((1, {"half": 1.0, "quarter": 1.0}),)
    return config


@pytest.mark.slow
def test_a_stopped_run_goes_on_to_the_very_model_of_one_that_was_not(config, tmp_path):
    whole = train.train_and_evaluate(config, tmp_path / "whole")
    config.train.epochs = 1
    train.train_and_evaluate(config, tmp_path / "stopped")
    config.train.epochs = 2
    resumed = train.train_and_evaluate(config, tmp_path / "stopped")
    one, other = (jax.tree.leaves(nnx.state(load_model(each).network)) for each in (whole, resumed))
    for left, right in zip(one, other, strict=True):
        np.testing.assert_array_equal(left, right)
    untrained = jax.tree.leaves(nnx.state(Network(nnx.Rngs(0))))
    assert any((left != right).any() for left, right in zip(one, untrained, strict=True))


@pytest.mark.slow
def test_under_pmap_and_shard_map_eight_devices_train_alike(tmp_path):
    tests = Path(__file__).resolve().parents[1]
    environment = os.environ | {
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": virtual_devices.flags(8),
        "PYTHONPATH": os.pathsep.join([str(tests), str(tests.parent)]),
    }
    command = [sys.executable, "-m", "stabnet.run_steps", str(tmp_path / "steps.npz")]
    subprocess.run(command, env=environment, check=True)
    with np.load(tmp_path / "steps.npz") as steps:
        by_kind = [
            {name.partition("/")[2]: steps[name] for name in steps if name.startswith(f"{kind}/")}
            for kind in ("before", *parallel.KINDS)
        ]
    before, one, other = by_kind
    assert one.keys() == other.keys() and len(one) == len(before) + 1
    for name in one:
        np.testing.assert_allclose(one[name], other[name], atol=1e-5, err_msg=name)
    assert max(np.abs(one[name] - before[name]).max() for name in before) > 1e-3


def test_a_run_of_another_system_is_not_gone_on_with(config, tmp_path):
    other = toy.config(epochs=1)
    loop.train(other, tmp_path / "run", toy.params(), toy.loss, toy.Stream(16))
    with pytest.raises(InputError, match=r"checkpoints/5: ") as caught:
        train.train_and_evaluate(config, tmp_path / "run")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frames": 1}, r"config\.data\.frames: a sequence of 1 frames is none .* give 2 to 63"),
        ({"pieces": 0}, r"config\.data\.pieces: give at least one"),
        ({"photographs": "nowhere"}, r"nowhere: there is no such folder of photographs"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_field(config, tmp_path, change, message):
    config.data.update(change)
    with pytest.raises(InputError, match=message):
        train.train_and_evaluate(config, tmp_path / "run")


def test_a_term_that_there_is_not_is_refused(config, tmp_path):
    config.train.loss_weights = ((1, {"jerk": 1.0}),)
    with pytest.raises(InputError, match="no term is called jerk; there are half, quarter"):
        train.train_and_evaluate(config, tmp_path / "run")


def test_a_system_that_there_is_not_is_refused_by_the_command(tmp_path, capsys, monkeypatch):
    file = tmp_path / "config.py"
    file.write_text(
        "from dvs_jax.stabnet.settings import settings\n"
        "def get_config():\n"
        "    config = settings()\n"
        "    config.system = 'stabnot'\n"
        "    return config\n"
    )
    options = ["--config", str(file), "--workdir", str(tmp_path / "run")]
    monkeypatch.setattr(sys, "argv", ["dvs-jax", "train", *options])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2
    known = "fused, stabgan, stabnet, viewport"
    assert f"config.system: 'stabnot' is none of {known}" in capsys.readouterr().err

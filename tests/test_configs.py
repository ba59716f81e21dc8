"""The experiments in configs/: each loads, makes sense, and says how it is run."""

import ast
from pathlib import Path

import pytest
from ml_collections import ConfigDict

from dvs_jax.fused import architecture, configured
from dvs_jax.fused import train as fused
from dvs_jax.stabgan import train as stabgan
from dvs_jax.stabnet import train as stabnet
from dvs_jax.training import configuration, parallel
from dvs_jax.training.optimizer import make_optimizer
from dvs_jax.training.settings import require_sound
from dvs_jax.viewport import train as viewport

FOLDER = Path(__file__).resolve().parents[1] / "configs"

FILES = sorted(FOLDER.glob("*.py"))

CHECKS = {
    "fused": fused.check,
    "stabgan": stabgan.check,
    "stabnet": stabnet.check,
    "viewport": viewport.check,
}


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def file(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def config(file: Path) -> ConfigDict:
    return configuration.load(file)


def test_it_opens_with_what_it_does_its_cost_and_its_command(file: Path) -> None:
    opening = ast.get_docstring(ast.parse(file.read_text())) or ""
    assert "Cost: " in opening
    assert f"dvs-jax train --config configs/{file.name} --workdir " in opening


def test_its_training_makes_sense(config: ConfigDict) -> None:
    CHECKS[config.system](config)
    require_sound(config.train)
    make_optimizer(config.train)
    assert config.train.parallel in parallel.KINDS
    assert config.train.batch_size % config.train.micro_batches == 0


def test_its_network_is_possible(config: ConfigDict, file: Path) -> None:
    if config.system != "fused":
        pytest.skip("there is one network only, or its check reads it")
    wanted = configured.architecture_of(config)
    assert architecture.from_dict(architecture.to_dict(wanted), file) == wanted


def test_its_data_are_named_as_builders_name_them(config: ConfigDict) -> None:
    if config.system in ("stabgan", "stabnet"):
        assert config.data.photographs == "datasets/photographs/train"
        assert config.data.held_out == "datasets/photographs/held_out"
        return
    if config.system == "viewport":
        pytest.skip("its data are made up")
    for folder, weight in config.data.folders:
        assert folder.split("/")[:2] in (["datasets", "dvs_clips"], ["datasets", "synthetic_clips"])
        assert weight > 0.0


def test_single_fields_can_be_changed(file: Path) -> None:
    changed = configuration.load(file, ["--config.train.lr=0.5", "--config.train.epochs=3"])
    assert (changed.train.lr, changed.train.epochs) == (0.5, 3)


def test_the_papers_recipe_is_that_of_the_paper() -> None:
    config = configuration.load(FOLDER / "dvs_official.py")
    assert configured.architecture_of(config) == architecture.Architecture(official=True)
    table = config.train.loss_weights
    assert [first for first, _ in table] == [1, 31, 41]
    smooth = {"smooth": 10.0, "c2_smooth": 200.0}
    assert table[0][1] == {"follow": 10.0, "angle": 1.0, **smooth}
    assert table[1][1] == {"undefine": 2.0, **smooth}
    assert table[2][1] == {"undefine": 2.0, "optical": 0.1, "stay": 0.0, **smooth}
    recipe = config.train
    assert (recipe.lr, recipe.weight_decay, recipe.decoupled_decay) == (1e-4, 1e-4, False)
    assert (recipe.epochs, recipe.decay_epochs, recipe.decay_factor) == (400, 200, 0.5)
    assert (recipe.batch_size, config.data.steps) == (16, 50)

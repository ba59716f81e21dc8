import jax
import numpy as np
import pytest
from flax import nnx

import dvs_jax
from dvs_jax import checkpoint
from dvs_jax.benchmarks import pipeline
from dvs_jax.errors import InputError
from dvs_jax.stabgan import official_weights
from dvs_jax.stabgan.official_method import OfficialStabGanMethod
from dvs_jax.stabilization import models
from tests import torch_files


def same(one, other) -> bool:
    leaves = (jax.tree.leaves(nnx.state(each)) for each in (one, other))
    return all((np.asarray(a) == np.asarray(b)).all() for a, b in zip(*leaves, strict=True))


@pytest.mark.parametrize("nested", [False, True])
def test_a_published_file_is_loaded_and_converted(generator, generator_weights, tmp_path, nested):
    content = {"epoch": 186, "generator": generator_weights} if nested else generator_weights
    file = torch_files.save(tmp_path / "best_stab_gan.pth", content)
    model = dvs_jax.load_model(file)
    assert isinstance(model, OfficialStabGanMethod)
    assert model.needs == frozenset()
    assert same(model.generator, generator)
    models.convert(file, tmp_path / "out")
    again = dvs_jax.load_model(tmp_path / "out")
    with pytest.raises(InputError, match=r"out: is no network of DVS"):
        pipeline.measure(None, str(tmp_path / "out"))
    assert same(again.generator, generator)
    assert again.fingerprint() == model.fingerprint()


def test_a_discriminator_beside_it(
    discriminator, discriminator_weights, generator_weights, tmp_path
):
    tracked = {"model.3.num_batches_tracked": np.zeros(())}
    content = {"generator": generator_weights, "discriminator": discriminator_weights | tracked}
    found = official_weights.discriminator_from(content, tmp_path / "x.pth")
    assert same(found, discriminator)
    with pytest.raises(InputError, match=r"x\.pth: no official StabGAN generator"):
        official_weights.generator_from(discriminator_weights, tmp_path / "x.pth")


def test_what_does_not_fit_is_named(generator_weights, tmp_path):
    file = tmp_path / "best_stab_gan.pth"

    def refused(**changed):
        content = {**generator_weights, **changed}
        content = {name: value for name, value in content.items() if value is not None}
        with pytest.raises(InputError) as caught:
            official_weights.generator_from(content, file)
        assert str(caught.value).startswith(f"{file}: ")
        return str(caught.value)

    assert "missing: regressor.3.bias" in refused(**{"regressor.3.bias": None})
    assert "no encoder.0.weight among others" in refused(**{"encoder.3.weight": None})
    assert "regressor.3.bias is a str, not a tensor" in refused(**{"regressor.3.bias": "zeros"})
    # A clip of 16 frames is another network.
    shorter = {"regressor.1.weight": np.zeros((512, 4096)), "regressor.3.bias": np.zeros(96)}
    assert "hidden.kernel has shape (4096, 512), not (8192, 512)" in refused(**shorter)
    assert "unexpected: other" in refused(other=np.zeros(3))
    assert "not finite" in refused(**{"encoder.0.bias": np.full(64, np.inf)})


def test_another_systems_checkpoint_is_told_apart(golden, tmp_path):
    with pytest.raises(InputError, match="no official StabGAN generator"):
        official_weights.load(golden / "dvs/random.checkpoint")
    checkpoint.save(tmp_path / "other", {"w": np.zeros(3)}, {"kind": "stabnet"})
    with pytest.raises(
        InputError, match="holds no official StabGAN, but a model of kind 'stabnet'"
    ):
        official_weights.load(tmp_path / "other")
    with pytest.raises(
        InputError, match="holds no official StabNet, but a model of kind 'stabnet'"
    ):
        dvs_jax.load_model(tmp_path / "other")

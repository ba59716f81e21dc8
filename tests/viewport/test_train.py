"""Training STAR-VP on made-up viewers, in miniature, and what is refused."""

import jax
import numpy as np
import optax
import pytest
from flax import nnx
from ml_collections import ConfigDict

from dvs_jax.errors import InputError
from dvs_jax.training import configuration
from dvs_jax.viewport import dataset, train
from dvs_jax.viewport.starvp import objective, weights
from dvs_jax.viewport.starvp.network import Network


@pytest.fixture
def config(request) -> ConfigDict:
    config = configuration.load(request.config.rootpath / "configs/viewport_smoke.py")
    config.network.update({"past": 5, "future": 4, "lstm": 8, "width": 8, "position": 5, "mlp": 8})
    config.data.videos, config.data.held_out_videos, config.data.viewers = 2, 1, 3
    config.data.stride = 40
    config.train.epochs, config.train.steps_per_epoch, config.train.batch_size = 2, 2, 2
    return config


@pytest.fixture
def small(config) -> dataset.Dataset:
    return dataset.synthetic(1, 2, 3, 40, train.network_of(config))


@pytest.mark.slow
def test_a_stopped_run_goes_on_to_the_very_model_of_one_that_was_not(config, tmp_path):
    config.train.schedule = "constant"
    whole = train.train_and_evaluate(config, tmp_path / "whole")
    config.train.epochs = 1
    train.train_and_evaluate(config, tmp_path / "stopped")
    config.train.epochs = 2
    resumed = train.train_and_evaluate(config, tmp_path / "stopped")
    one, other = (jax.tree.leaves(nnx.state(weights.load(each))) for each in (whole, resumed))
    for left, right in zip(one, other, strict=True):
        np.testing.assert_array_equal(left, right)
    assert weights.load(whole).of == train.network_of(config)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("network.heads=3", r"config\.network: width 8 cannot be shared by 3 heads"),
        ("network.encoding=wavelet", r"encoding 'wavelet' is none of fourier, sinusoid"),
        ("data.videos=0", r"config\.data\.videos: give at least one"),
        ("data.absent=1.5", r"config\.data\.absent: 1\.5 is no chance"),
        ("data.held_out_seed=1", r"config\.data\.held_out_seed: is that of the training"),
        ("loss=hinge", r"config\.loss: 'hinge' is none of orthodromic, horizon, mse"),
        ("train.loss_weights=((1, {'jerk': 1.0}),)", "no term is called jerk; there are fused"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_field(config, tmp_path, change, message):
    field, _, value = change.partition("=")
    *groups, name = field.split(".")
    group = config
    for each in groups:
        group = group[each]
    old = group[name]
    group[name] = value if isinstance(old, str) else eval(value)
    with pytest.raises(InputError, match=message):
        train.train_and_evaluate(config, tmp_path / "run")


def test_windows_come_with_the_saliency_of_their_instants(small):
    found = small.examples(np.array([0, 3]), np.zeros(2, np.uint32))
    assert found.past.shape == (2, 5, 3)
    assert found.points.shape == (2, 9, 8, 4)
    assert found.known.all()
    assert found.points[..., 3].max() == pytest.approx(1.0)


def test_beyond_the_videos_end_saliency_is_unknown(small):
    late = small.windows._replace(last=small.windows.last + 140)
    points = {name: np.ones((150, 8, 4), np.float32) for name in set(late.video)}
    found = dataset.Dataset(late, points).examples(np.arange(2), np.zeros(2, np.uint32))
    beyond = late.last[:2, None] + np.arange(-4, 5) >= 150
    np.testing.assert_array_equal(found.known, ~beyond)
    assert beyond.any() and not found.points[beyond].any()


def test_batches_go_on_where_they_were(small):
    batches = dataset.Batches(small, 4, seed=0)
    next(batches)
    position, second = batches.get_state(), next(batches)
    again = dataset.Batches(small, 4, seed=0)
    again.set_state(position)
    jax.tree.map(np.testing.assert_array_equal, second, next(again))


def test_processes_see_together_what_one_sees(small, monkeypatch):
    whole = next(dataset.Batches(small, 4, seed=0))
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    halves = []
    for index in range(2):
        monkeypatch.setattr(jax, "process_index", lambda index=index: index)
        halves.append(next(dataset.Batches(small, 4, seed=0)))
    together = jax.tree.map(lambda *each: np.concatenate(each), *halves)
    jax.tree.map(np.testing.assert_array_equal, together, whole)


def test_mirroring_and_turning_keep_what_matters(small):
    example = jax.tree.map(lambda leaf: leaf[0], small.examples(np.arange(1), np.zeros(1, "u4")))
    for seed in range(4):
        found = objective.augmented(example, jax.random.key(seed), True)
        before, after = (each.past @ each.points[0, :, :3].T for each in (example, found))
        np.testing.assert_allclose(after, before, atol=1e-5)
        np.testing.assert_array_equal(found.past[:, 2], example.past[:, 2])


@pytest.mark.slow
def test_one_batch_is_learned(config, small):
    """A small network can learn a handful of windows by heart."""
    config.network.update({"width": 32, "heads": 4, "mlp": 64, "position": 9, "lstm": 32})
    graph, params = nnx.split(Network(train.network_of(config), nnx.Rngs(0)))
    batch = small.examples(np.arange(6), np.arange(6, dtype=np.uint32))
    optimizer = optax.adam(3e-3)

    def loss(params):
        found = jax.vmap(nnx.merge(graph, params))(batch.past, batch.points, batch.known)
        return jax.vmap(objective.LOSSES["orthodromic"])(found.fused, batch.future).mean()

    def step(carry, _):
        params, state = carry
        value, gradient = jax.value_and_grad(loss)(params)
        updates, state = optimizer.update(gradient, state)
        return (optax.apply_updates(params, updates), state), value

    run = jax.jit(lambda carry: jax.lax.scan(step, carry, length=600))
    losses = np.degrees(run((params, optimizer.init(params)))[1])
    assert losses[-1] < 2.0

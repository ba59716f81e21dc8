"""Strangers: learning one changes nothing but that one, and brings the error down."""

import dataclasses

import jax
import numpy as np
import pytest
from flax import nnx

from dvs_jax.errors import InputError
from dvs_jax.viewport import dataset, personalisation, sphere, tracks, windows
from dvs_jax.viewport.starvp.architecture import Architecture
from dvs_jax.viewport.starvp.network import Network
from dvs_jax.viewport.starvp.objective import window_of
from dvs_jax.viewport.synthetic import audience

OF = Architecture(
    past=5, future=4, points=8, lstm=8, lstm_layers=1, width=8, heads=4, mlp=8, blocks=1,
    position=5, gate=8, viewers=("ann", "bob"),
)  # fmt: skip


@pytest.fixture(scope="module")
def network():
    return nnx.jit(lambda: Network(OF, nnx.Rngs(0)))()


@pytest.fixture(scope="module")
def data():
    drawn = audience.draw(1, 1, 1)
    found = windows.cut([tracks.track(trace) for trace in drawn.traces], 5, 5, 4)
    points = {name: np.ones((150, 8, 4), np.float32) for name in drawn.maps}
    return dataset.Dataset(found, points, OF.viewers)


@pytest.mark.slow
def test_a_stranger_is_learned_and_nothing_else(network, data):
    earlier, _ = personalisation.parts(data.windows)
    batch = data.examples(earlier, np.zeros(len(earlier), np.uint32))
    assert not batch.viewer.any()
    known = personalisation.adapted(network, batch, steps=20)
    learned = personalisation.as_unknown(network, known)
    mean = personalisation.as_unknown(network, personalisation.mean_known(network))
    run = jax.jit(lambda model: jax.vmap(model)(*window_of(batch)).direction)
    error = [sphere.distance(run(each), batch.future).mean() for each in (mean, learned)]
    assert error[1] < error[0]
    before, after = (nnx.to_pure_dict(nnx.state(each, nnx.Param)) for each in (network, learned))
    np.testing.assert_allclose(after["viewers"]["table"][0], known)
    table = before["viewers"].pop("table")
    np.testing.assert_array_equal(after["viewers"].pop("table")[1:], table[1:])
    jax.tree.map(np.testing.assert_array_equal, before, after)
    np.testing.assert_allclose(personalisation.mean_known(network), table[1:].mean(0), rtol=1e-6)


def test_only_what_follows_is_scored(data):
    earlier, later = personalisation.parts(data.windows, 10.0)
    assert data.windows.last[earlier].max() + 4 < 50 <= data.windows.last[later].min() + 1
    with pytest.raises(InputError, match=r"29\.5 s of the video leave no window"):
        personalisation.parts(data.windows, 29.5)


def test_a_network_that_knows_nobody_is_refused():
    nobody = nnx.eval_shape(lambda: Network(dataclasses.replace(OF, viewers=()), nnx.Rngs(0)))
    with pytest.raises(InputError, match="this network tells no viewers apart"):
        personalisation.mean_known(nobody)


def test_the_two_measures_are_of_viewers_not_of_windows():
    viewer = np.array(["a", "a", "a", "b"])
    before, after = np.array([[4.0], [5.0], [6.0], [11.0]]), np.array([[3.0], [4.0], [5.0], [6.0]])
    found = personalisation.gain(before, after, viewer)
    assert found.viewer.tolist() == ["a", "b"]
    np.testing.assert_allclose(found.gain_deg, [1.0, 5.0])
    assert (found.variance_before, found.variance_after) == pytest.approx((9.0, 1.0))

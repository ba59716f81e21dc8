"""Models beside the baselines."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from flax import nnx

from dvs_jax.errors import InputError
from dvs_jax.viewport import comparison, evaluation_files, saliency_points, tracks
from dvs_jax.viewport.models import load_model
from dvs_jax.viewport.saliency import viewers
from dvs_jax.viewport.starvp.architecture import Architecture
from dvs_jax.viewport.starvp.network import Network
from dvs_jax.viewport.synthetic import audience
from dvs_jax.viewport.tracks import Track


@pytest.fixture(scope="module")
def drawn():
    return audience.draw(4, 2, 3)


@pytest.fixture(scope="module")
def watched(drawn):
    return [tracks.track(each) for each in drawn.traces]


@pytest.fixture(scope="module")
def points(drawn):
    return {name: saliency_points.of_maps(maps, 8) for name, maps in drawn.maps.items()}


def errors(compared):
    return {row.name: row.scores.error_deg.mean(axis=0) for row in compared.rows}


@pytest.mark.slow
def test_all_baselines_stand_beside_a_model_which_beats_them(watched, points):
    compared = comparison.compare(watched, points, {"ours": load_model()}, stride=5)
    found = errors(compared)
    assert list(found) == [
        *("no_motion", "constant", "damped", "salient", "crowd"),
        *("ours, motion alone", "ours"),
    ]
    assert (found["ours"] < found["damped"]).all()
    later = slice(9, 25)
    assert found["ours"][later].mean() < found["ours, motion alone"][later].mean() - 30.0
    names = sorted(points)
    other = {name: points[names[1 - number]] for number, name in enumerate(names)}
    without = errors(comparison.compare(watched, other, {"ours": load_model()}, stride=5))
    assert without["ours"][later].mean() > found["damped"][later].mean()


def test_a_table_tells_intervals_and_ranges(watched, points):
    compared = comparison.compare(watched, points, {}, stride=25)
    (row, *_) = comparison.table(compared)
    low, high = row["ranges"]["2 to 5 s"]["interval_deg"]
    assert low < row["ranges"]["2 to 5 s"]["mean_deg"] < high
    assert len(row["error_deg"]) == len(row["interval_deg"]) == len(row["overlap"]) == 25
    alone = comparison.table(comparison.compare(watched[:1], points, {}, stride=25))
    assert alone[0]["interval_deg"] is None
    assert len(evaluation_files.lines_of(alone)) == 1 + len(alone)


OF = Architecture(
    points=8, lstm=8, lstm_layers=1, width=8, heads=2, mlp=8, blocks=1, position=5, gate=8,
    turn=True, residual=True, damped_prior=True, eye=True,
    viewers=("ann", "bob"),
)  # fmt: skip


@pytest.fixture(scope="module")
def knowing():
    """An untrained network, whose memory is long enough for what it knows of a viewer to count."""
    network = nnx.jit(lambda: Network(OF, nnx.Rngs(0)))()
    kernel = network.motion.output.kernel
    kernel.set_value(0.3 * jax.random.normal(jax.random.key(0), kernel.shape))
    of_forgetting = network.motion.stack.layers[0].of_input.bias
    of_forgetting.set_value(of_forgetting[...].at[OF.lstm : 2 * OF.lstm].set(4.0))
    return network


@pytest.mark.slow
def test_eyes_are_read_and_viewers_known_by_their_names(watched, points, knowing):
    def found(tracks_):
        compared = comparison.compare(tracks_, points, {"ours": knowing}, stride=25)
        return errors(compared), compared.gains["ours"]

    ours, gain = found(watched)
    np.testing.assert_array_equal(ours["ours"], ours["ours, nobody known"])
    assert not gain.gain_deg.any() and gain.variance_before == gain.variance_after
    blind, _ = found([replace(each, cues=None) for each in watched])
    assert np.abs(blind["ours"] - ours["ours"]).max() > 0.05
    named, gain = found([replace(watched[0], viewer="bob"), *watched[1:]])
    np.testing.assert_allclose(named["ours, nobody known"], ours["ours"], atol=1e-4)
    assert np.abs(named["ours"] - ours["ours"]).max() > 0.01
    assert gain.viewer.tolist() == sorted(["bob", *(each.viewer for each in watched[1:])])
    assert (gain.gain_deg[gain.viewer != "bob"] == 0.0).all()
    assert gain.gain_deg[gain.viewer == "bob"] == pytest.approx(0.2, abs=0.15)


@pytest.mark.slow
def test_strangers_are_learned_from_the_begin_and_what_follows_is_scored(watched, points, knowing):
    compared = comparison.compare(watched[:2], points, {"ours": knowing}, stride=5, adapt=10.0)
    assert compared.windows.last.min() == 49
    found = errors(compared)
    gain = compared.gains["ours"]
    assert gain.gain_deg.min() > 1.0
    expected = found["ours, nobody known"].mean() - found["ours, strangers adapted"].mean()
    assert gain.gain_deg.mean() == pytest.approx(expected, abs=1e-3)
    assert "ours, strangers as the mean" in found


@pytest.mark.slow
def test_strangers_are_learned_from_their_other_videos(watched, points, knowing):
    crowd = [replace(watched[0], viewer="eve"), replace(watched[3], viewer="eve")]
    compared = comparison.compare(crowd, points, {"ours": knowing}, stride=25, adapt="others")
    assert compared.windows.last.min() == 14
    assert compared.gains["ours"].gain_deg[0] > 1.0
    with pytest.raises(InputError, match="alone; learn from its first seconds, by --adapt 10"):
        comparison.compare(watched[:1], points, {"ours": knowing}, adapt="others")
    with pytest.raises(InputError, match="no network here tells viewers apart"):
        comparison.compare(watched, points, {}, adapt="others")


def test_the_crowd_is_the_others_alone(watched):
    still = np.broadcast_to(np.array([1.0, 0.0, 0.0], np.float32), (60, 3))
    away = np.broadcast_to(np.array([0.0, 1.0, 0.0], np.float32), (60, 3))
    track = Track("ann", "sea", 0, still, np.ones(60, bool))
    audience_ = [track, replace(track, viewer="bob", direction=away)]
    found = errors(comparison.compare(audience_, {}, {}, stride=5))
    assert found["crowd"] == pytest.approx(90.0, abs=4.0)


def test_a_heat_map_is_highest_where_most_look():
    here, there = np.eye(3)[:2]
    others = np.stack([here, here, there])[:, None]
    nothing = np.full((3, 1, 3), np.nan)
    maps = viewers.maps(np.concatenate([others, nothing], axis=1))
    row, column = np.unravel_index(maps[0].argmax(), maps[0].shape)
    assert row in (15, 16) and column in (0, 63) and maps[0].max() == 1.0
    assert not maps[1].any()

"""Models beside the baselines."""

from dataclasses import replace

import numpy as np
import pytest

from dvs_jax.viewport import comparison, evaluation_files, saliency_points, tracks
from dvs_jax.viewport.models import load_model
from dvs_jax.viewport.saliency import viewers
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

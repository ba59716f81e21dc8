"""Whether viewers look where it is salient."""

from dataclasses import replace

import numpy as np
import pytest

from dvs_jax.viewport import azimuth, saliency_points, sphere, tracks
from dvs_jax.viewport.synthetic import audience


@pytest.fixture(scope="module")
def watched():
    drawn = audience.draw(11, 1, 6)
    (maps,) = drawn.maps.values()
    return [tracks.track(each) for each in drawn.traces], saliency_points.of_maps(maps, 64)


def test_viewers_who_look_there_are_not_told_of(watched):
    found = azimuth.of_audience(*watched)
    assert abs(found.turn_deg) <= azimuth.FARTHEST_DEG and not found.is_off


@pytest.mark.parametrize("turn_deg", [90.0, -60.0])
def test_a_wrong_azimuth_zero_is_found(watched, turn_deg):
    seen, points = watched
    turned = [
        replace(each, direction=sphere.turned(each.direction, np.radians(turn_deg)))
        for each in seen
    ]
    found = azimuth.of_audience(turned, points)
    assert found.is_off
    assert found.turn_deg == pytest.approx(-turn_deg, abs=15.0)
    # --forward is the share of the width at which yaw is 0: it has to be less by the turn.
    assert f"larger by {-turn_deg / 360.0:+.1f}"[:-1] in found.told()


def test_where_nothing_is_in_common_nothing_is_told(watched):
    seen, points = watched
    late = replace(seen[0], first=10_000)
    assert azimuth.offset(late, points) is None

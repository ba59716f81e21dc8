"""People in synthetic clips: where they are told to be, they are seen."""

import numpy as np
import pytest

from dvs_jax import synthetic
from dvs_jax.subject.pose import ANKLES, HIPS
from dvs_jax.synthetic import figure, view_of
from dvs_jax.synthetic.figure import Gait
from dvs_jax.synthetic.ground import CAMERA_HEIGHT_M
from dvs_jax.synthetic.view import project


@pytest.fixture(scope="module")
def walk():
    clip = synthetic.SyntheticClip("handheld", "distant", 2.0, size=(240, 136), seed=4)
    walkers = [
        synthetic.Walker((-2.0, 6.0), (1.3, 0.0)),
        synthetic.Walker((2.0, 5.2), (-1.3, 0.0), seed=2),
    ]
    return synthetic.make_walk(clip, walkers, [synthetic.Panel((1.6, 4.5), 0.5)])


@pytest.fixture(scope="module")
def tracks(walk):
    return synthetic.tracks(walk)


def test_the_hips_bob_twice_a_second_by_what_the_gait_says():
    gait = Gait(steps_hz=2.0, bob_m=0.03, sway_m=0.0, surge_m=0.0)
    time_s = np.arange(200) / 100.0
    hips = figure.joints(gait, time_s)[:, list(HIPS)].mean(axis=1)
    spectrum = np.abs(np.fft.rfft(hips[:, 1] - hips[:, 1].mean())) / 100.0
    assert spectrum.argmax() == 4 and spectrum[4] == pytest.approx(0.03)
    assert np.ptp(hips[:, 0]) < 1e-9


def test_limbs_keep_their_lengths_and_feet_stay_near_the_ground():
    points = figure.joints(Gait(), np.arange(100) / 30.0)
    for one, other in ((23, 25), (25, 27), (11, 13), (13, 15), (11, 23)):
        length = np.linalg.norm(points[:, one] - points[:, other], axis=-1)
        assert length.std() < 1e-9 or (one, other) == (11, 23)
    lowest = points[:, list(ANKLES), 1].min(axis=1)
    assert lowest.min() > 0.0 and lowest.max() < 0.2
    height = points[..., 1].max() - points[..., 1].min()
    assert 1.5 < height < 1.8


def test_the_track_is_where_the_camera_sees_the_point(walk, tracks):
    places, _ = tracks
    view = view_of(walk.recording, 30)
    gait, time_s = Gait(), 1.0 + walk.recording.clip.readout_time_s / 2
    body = figure.seen(figure.joints(gait, np.array(time_s)), 0.0)
    world = np.stack(
        [-2.0 + 1.3 * time_s + body[:, 0], CAMERA_HEIGHT_M - body[:, 1], np.full(33, 6.0)], -1
    )
    pixel, _, _ = project(view, world, np.zeros_like(world), np.ones(33))
    assert places[0, 30] == pytest.approx(pixel, abs=1e-9)


@pytest.mark.parametrize("index", [5, 50])
def test_the_silhouette_lies_around_the_track(walk, tracks, index):
    places, visible = tracks
    share = synthetic.silhouette(walk, 0, index)
    rows, columns = np.nonzero(share > 0.5)
    seen = places[0, index][visible[0, index]]
    assert len(seen) > 20
    low, high = seen.min(axis=0), seen.max(axis=0)
    assert np.abs(low - (columns.min(), rows.min())).max() < 6.0
    assert np.abs(high - (columns.max(), rows.max())).max() < 6.0
    hips = np.rint(places[0, index, list(HIPS)]).astype(int)
    assert (share[hips[:, 1], hips[:, 0]] > 0.9).all()


def test_the_picture_shows_the_walker_where_the_silhouette_is(walk):
    share = synthetic.silhouette(walk, 0, 5)
    alone = synthetic.make_walk(walk.recording.clip, walk.walkers[1:], walk.panels)
    change = np.abs(synthetic.render_walk(walk, 5).astype(int) - synthetic.render_walk(alone, 5))
    assert (change.max(axis=-1)[share > 0.9] > 8).mean() > 0.9
    assert change[share == 0.0].max() == 0


def test_a_panel_and_a_nearer_walker_hide_points(walk, tracks):
    places, visible = tracks
    hips = visible[:, :, list(HIPS)].all(-1)
    crossing = np.abs(places[0, :, HIPS[0], 0] - places[1, :, HIPS[0], 0]) < 3.0
    assert crossing.any() and not visible[0][crossing].all(axis=-1).any()
    behind = np.flatnonzero(~hips[1])
    assert 8 < len(behind) < 30 and np.all(np.diff(behind) == 1)
    assert synthetic.silhouette(walk, 1, int(behind.mean())).sum() < 0.5 * (
        synthetic.silhouette(walk, 1, int(behind[-1]) + 10).sum()
    )

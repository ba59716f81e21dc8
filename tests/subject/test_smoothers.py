"""Smoothers of a track, against numbers recorded in float64 and against each other."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvs_jax.subject import averages, one_euro, rts

GOLDEN = np.load(Path(__file__).parents[1] / "golden/subject/smoothing.npz")
TIME_S = GOLDEN["time_s"] - GOLDEN["time_s"][0]
PLACE_PX, TORSO_PX = GOLDEN["anchor_px"], float(GOLDEN["torso_px"])
PRESENT = np.isfinite(PLACE_PX).all(-1)


@pytest.fixture
def in_float64():
    with jax.enable_x64(True):
        yield


def recorded(smoother, time_s=TIME_S, **options):
    return smoother(
        jnp.asarray(time_s),
        jnp.asarray(PLACE_PX),
        jnp.asarray(PRESENT),
        jnp.asarray(GOLDEN["r"]),
        float(GOLDEN["q"]),
        1e8,
        **options,
    )


def agree(track, name, within):
    for field in ("position", "velocity", "variance"):
        wanted = GOLDEN[f"{name}_{field}"]
        assert np.abs(getattr(track, field) - wanted).max() < within * max(1, wanted.std()), field


@pytest.mark.slow
@pytest.mark.parametrize("parallel", [False, True])
def test_recorded_track_with_gaps(in_float64, parallel):
    # The recorded prior is 1e8, at which sums in another order differ in the eighth digit.
    agree(recorded(rts.smooth, parallel=parallel), "rts", 1e-6 if parallel else 1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("parallel", [False, True])
def test_recorded_robust_track(in_float64, parallel):
    track, weight = recorded(rts.robust, parallel=parallel)
    agree(track, "robust", 1e-6 if parallel else 1e-8)
    assert np.abs(weight - GOLDEN["robust_weight"])[PRESENT].max() < 1e-6


def test_recorded_track_at_uneven_times(in_float64):
    uneven = GOLDEN["uneven_time_s"]
    agree(recorded(rts.smooth, uneven - uneven[0]), "uneven", 1e-9)


def in_torsos(place=PLACE_PX, present=PRESENT):
    middle = place[present].mean(0)
    return ((place - middle) / TORSO_PX).astype(np.float32), middle


def smoothed_in_float32(parallel=False):
    place, middle = in_torsos()
    noise = np.full(len(place), 0.025**2, np.float32)
    track = rts.smooth(
        jnp.float32(TIME_S), place, jnp.asarray(PRESENT), noise, 4.0, parallel=parallel
    )
    return np.asarray(track.position) * TORSO_PX + middle


@pytest.mark.slow
@pytest.mark.parametrize("parallel", [False, True])
def test_float32_in_torsos_is_within_hundredths_of_a_pixel(parallel):
    apart = np.abs(smoothed_in_float32(parallel) - GOLDEN["rts_position"])
    assert apart.max() < 5e-3


def walk(frames=90, seed=0):
    rng = np.random.default_rng(seed)
    time_s = np.sort(rng.uniform(0, frames / 30, frames))
    place = np.cumsum(rng.normal(0, 0.05, (frames, 2)), axis=0)
    return time_s, place, rng.random(frames) > 0.3, rng.uniform(0.5, 2.0, frames) * 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_scan_and_associative_scan_are_equal(in_float64, seed):
    track = [jnp.asarray(each) for each in walk(seed=seed)]
    for one, other in zip(
        rts.smooth(*track, 4.0), rts.smooth(*track, 4.0, parallel=True), strict=True
    ):
        assert np.abs(one - other).max() < 1e-8


@pytest.mark.slow
def test_many_tracks_padded_to_one_length_are_as_each_alone(in_float64):
    tracks = [walk(frames, seed) for frames, seed in ((60, 1), (90, 2), (33, 3))]
    padded = []
    for time_s, place, present, noise in tracks:
        more = 90 - len(time_s)
        padded.append(
            (
                np.pad(time_s, (0, more), mode="edge"),
                np.pad(place, ((0, more), (0, 0)), constant_values=np.nan),
                np.pad(present, (0, more)),
                np.pad(noise, (0, more), constant_values=1.0),
            )
        )
    batch = [jnp.asarray(np.stack(each)) for each in zip(*padded, strict=True)]
    together, weights = jax.vmap(lambda *track: rts.robust(*track, 4.0))(*batch)
    for index, track in enumerate(tracks):
        alone, weight = rts.robust(*(jnp.asarray(each) for each in track), 4.0)
        count = len(track[0])
        assert np.abs(together.position[index, :count] - alone.position).max() < 1e-9
        assert np.abs(weights[index, :count] - weight).max() < 1e-9


@pytest.mark.slow
def test_the_position_is_held_before_and_after_the_measurements():
    time_s = jnp.arange(40) / 30
    place = jnp.stack([time_s, -time_s], -1)
    present = (jnp.arange(40) >= 10) & (jnp.arange(40) < 30)
    track = rts.smooth(time_s, place, present, jnp.full(40, 1e-4), 4.0)
    assert np.all(np.asarray(track.position[:10]) == np.asarray(track.position[10]))
    assert np.all(np.asarray(track.position[30:]) == np.asarray(track.position[29]))
    assert np.abs(track.position[29] - place[29]).max() < 1e-3


def test_the_cutoff_halves_a_wave_of_its_frequency():
    noise, interval_s = 0.012**2, 1 / 30
    time_s = jnp.arange(601) * interval_s
    wave = jnp.stack([jnp.sin(2 * jnp.pi * 2.0 * time_s)] * 2, -1)
    q = rts.acceleration_for(2.0, noise, interval_s)
    track = rts.smooth(time_s, wave, jnp.ones(601, bool), jnp.full(601, noise), q)
    middle = slice(150, 450)
    share = np.linalg.norm(track.position[middle]) / np.linalg.norm(wave[middle])
    assert share == pytest.approx(0.5, abs=0.01)
    assert rts.cutoff_hz(q, noise, interval_s) == pytest.approx(2.0)


@pytest.mark.slow
def test_an_outlier_hardly_moves_the_robust_track():
    time_s, noise = jnp.arange(61) / 30, jnp.full(61, 0.012**2)
    place = jnp.zeros((61, 2)).at[30].set(0.4)
    present = jnp.ones(61, bool)
    track, weight = rts.robust(time_s, place, present, noise, 4.0)
    assert np.abs(track.position).max() < 0.005
    assert np.abs(rts.smooth(time_s, place, present, noise, 4.0).position).max() > 0.05
    assert weight[30] < 0.01 < 1.4 < weight[10]


def test_recorded_one_euro(in_float64):
    settings = one_euro.OneEuro(1.0, 0.05)
    filled, present = GOLDEN["filled_px"], jnp.ones(len(TIME_S), bool)
    track = one_euro.smooth(jnp.asarray(TIME_S), jnp.asarray(filled), present, settings)
    assert np.abs(track - GOLDEN["one_euro"]).max() < 1e-9


def test_one_euro_frame_by_frame_is_as_at_once_and_holds_what_is_missing():
    place, _ = in_torsos()
    at_once = one_euro.smooth(jnp.float32(TIME_S), place, jnp.asarray(PRESENT))
    state = one_euro.begin()
    for index in range(len(place)):
        before = state.position
        state = one_euro.step(state, jnp.float32(TIME_S[index]), place[index], PRESENT[index])
        assert np.abs(state.position - at_once[index]).max() < 1e-6
        if not PRESENT[index]:
            assert np.array_equal(state.position, before)


def test_recorded_gaussian_and_moving_average():
    time_s = GOLDEN["time_s"]
    smooth = averages.gaussian(time_s, PLACE_PX, PRESENT, 0.1)
    # A neighbour at 4 standard deviations exactly is inside for one rounding, outside for another.
    assert np.abs(smooth - GOLDEN["gaussian"]).max() < 0.01
    assert np.median(np.abs(smooth - GOLDEN["gaussian"])) < 4e-4
    assert np.abs(averages.moving(PLACE_PX, PRESENT) - GOLDEN["moving5"]).max() < 1e-9


@pytest.mark.slow
def test_averages_know_nothing_far_from_all_measurements():
    present = np.arange(30) == 3
    place = np.where(present[:, None], 2.0, np.nan)
    moved = averages.moving(np.broadcast_to(place, (30, 2)), present)
    assert np.isfinite(moved[:, 0]).tolist() == [1 <= index <= 5 for index in range(30)]
    spread = averages.gaussian(np.arange(30) / 30, np.tile(place, 2)[:, :2], present, 1 / 30)
    assert np.isfinite(spread[:, 0]).tolist() == [index <= 7 for index in range(30)]

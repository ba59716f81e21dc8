"""The rows of the table: known numbers, what is left out, what is refused."""

import dataclasses
import math

import numpy as np
import pytest
from flax import nnx

from dvs_jax import clip as clips
from dvs_jax import evaluation, metrics, quaternion
from dvs_jax.camera_path import CameraPath
from dvs_jax.errors import InputError
from dvs_jax.evaluation import compare
from dvs_jax.evaluation.methods import rows
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.method import FusedMethod
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.fused.weights import load_model

from .footage import record_of, sine, yawing


@pytest.fixture(scope="module")
def walk_compared(walking, margin_keeper):
    return compare([walking], {"keeper": margin_keeper}, crop=0.1)


def test_the_inputs_row_is_the_real_path_whose_frames_are_shown_as_they_are(walking, walk_compared):
    score, shown = walk_compared.means["input"], walking.seen(walking.real)
    assert score.rotation_jitter_deg == metrics.rotation_jitter(shown)
    assert score.angular_jerk_deg_s3 == metrics.angular_jerk(shown)
    assert score.angular_jerk_deg_s3 == pytest.approx(metrics.angular_jerk(walking.real), rel=1e-3)
    assert (score.kept_mean, score.kept_worst, score.uncovered) == (1.0, 1.0, 0.0)
    assert math.isnan(score.strength)


@pytest.mark.slow
def test_a_steady_sine_has_its_effective_value_as_jitter():
    (clip,) = compare([yawing(0.5 * sine(5.0))], {}, crop=0.05).clips
    assert clip.scores["input"].rotation_jitter_deg == pytest.approx(0.5 / math.sqrt(2), rel=2e-3)


@pytest.mark.slow
def test_gaussian_smoothing_of_a_sine_uses_the_crop_as_worked_out_by_hand():
    # 3° at 2.5 Hz, swelling and ebbing, so that the clip's ends stand still; frames hit the peaks.
    second = np.arange(300) / 30
    footage = yawing(3.0 * np.sin(np.pi * second / 10) ** 2 * sine(2.5))
    (clip,) = compare([footage], {}, crop=0.03).clips
    # The edge of the frame lies 0.5 · 1.27 from its middle, and may come to 0.94 of that.
    may_leave = np.degrees(np.arctan(0.5 * 1.27) - np.arctan(0.94 * 0.5 * 1.27))
    passed = 1.0 - may_leave / 3.0
    strength = math.sqrt(-2.0 * math.log(passed)) / (2 * math.pi * 2.5)
    before, after = clip.scores["input"], clip.scores["gaussian"]
    assert after.strength == pytest.approx(strength, rel=0.01)
    assert after.rotation_jitter_deg == pytest.approx(before.rotation_jitter_deg * passed, rel=0.01)
    assert after.kept_worst == pytest.approx(0.94, abs=1e-6)
    assert after.uncovered == 0.0


def test_rows_are_the_input_the_smoothers_the_models_and_the_bound(walk_compared):
    names = ["gaussian", "savitzky-golay", "exponential", "adaptive"]
    assert [method.label for method in walk_compared.methods] == [
        "input",
        *names,
        *(f"{name}, within frame" for name in names),
        "model keeper",
        "model keeper, within frame",
        *(f"{name}, whole clip" for name in names if name != "exponential"),
        *(f"{name} within frame, whole clip" for name in names if name != "exponential"),
        "model keeper, whole clip",
    ]
    assert set(walk_compared.means) == {method.label for method in walk_compared.methods}


def test_a_network_that_looks_further_ahead_says_so():
    networks = {
        name: FusedNetwork(Architecture(flow=False, lstm=(3,), poses_each_side=poses), nnx.Rngs(0))
        for name, poses in (("usual", 10), ("wide", 30))
    }
    labels = [row.label for row in rows(networks, 0.4) if row.kind == "model"]
    assert labels[::2] == ["model usual", "model wide, 1.2 s ahead"]
    assert labels[1::2] == [f"{label}, within frame" for label in labels[::2]]


def test_seeing_the_whole_clip_is_no_worse_than_seeing_400_ms(walk_compared):
    scores = walk_compared.means
    for name in ("gaussian", "adaptive"):
        whole, ahead = scores[f"{name}, whole clip"], scores[name]
        assert whole.rotation_jitter_deg < ahead.rotation_jitter_deg
        assert whole.angular_jerk_deg_s3 < ahead.angular_jerk_deg_s3


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gyro_only", "fused"])
def test_a_network_that_sees_the_whole_clip_is_as_it_stabilises_a_file(rendered_walk, name):
    clip, method = clips.load_clip(rendered_walk), FusedMethod(load_model(name))
    compared = {row.label: row for row in rows({name: method}, 0.4)}
    footage = evaluation.of_clip(clip, method.estimator)
    found = compared[f"model {name}, whole clip"].find(footage, 0.1).path.quaternion
    frames = method.frames(clip, clips.read_pictures(clip), 0.1)
    # The comparison keeps flow as float16.
    atol = 2e-4 if method.reads_flow else 2e-5
    np.testing.assert_allclose(found, np.stack([frame.pose for frame in frames]), atol=atol)


def test_smoothers_look_no_further_ahead_than_they_may(walking):
    """What comes later than 400 ms after a frame does not change its pose at a given strength."""
    real = walking.real
    turn = quaternion.from_rotation_vector(np.array([0.0, 0.3, 0.0]))
    later = np.where(
        np.arange(len(real))[:, None] > 92,
        quaternion.multiply(turn, real.quaternion),
        real.quaternion,
    )
    other = evaluation.of_record(record_of(CameraPath(real.time_ns, later)))
    compared = rows({}, 0.4)
    for row in compared[1:5]:
        paths = [row.find(footage, 0.45).path.quaternion[:80] for footage in (walking, other)]
        assert np.allclose(*paths, atol=1e-9), row.label


@pytest.mark.slow
def test_means_are_over_the_clips(walking):
    clips = [walking, yawing(0.5 * sine(5.0))]
    both = compare(clips, {}, crop=0.05)
    for label, mean in both.means.items():
        each = [clip.scores[label].rotation_jitter_deg for clip in both.clips]
        assert mean.rotation_jitter_deg == pytest.approx(np.mean(each))
    assert [clip.name for clip in both.clips] == ["walk", "yaw"]


@pytest.mark.slow
def test_what_the_gyro_errs_by_is_left_in_the_output(walking):
    """A camera that truly shakes by 0.2° more than its gyro says shows just that."""
    real = walking.real
    vector = np.zeros((len(real), 3))
    vector[:, 0] = np.radians(0.2) * sine(5.0, 6.0)
    true = quaternion.multiply(quaternion.from_rotation_vector(vector), real.quaternion)
    footage = evaluation.of_record(record_of(real, true_pose=true))
    (clip,) = compare([footage], {}, crop=0.1).clips
    steady = clip.scores["gaussian, whole clip"]
    assert steady.rotation_jitter_deg == pytest.approx(0.2 / math.sqrt(2), rel=0.01)


@pytest.mark.slow
def test_a_model_that_reads_flow_is_left_out_where_there_is_none(walking, caplog):
    layers = {"lstm": (4,), "flow_size": (64, 36)}
    network = FusedNetwork(Architecture(flow=True, **layers), nnx.Rngs(0))
    compared = compare([walking], {"fused": network}, crop=0.05)
    assert "model fused" not in compared.means
    assert "fused is left out: it reads optical flow, and walk has none" in caplog.text


@pytest.mark.slow
def test_official_weights_read_flow_divided_by_the_strength(walking):
    layers = {"lstm": (4,), "flow_size": (64, 36)}
    network = FusedNetwork(Architecture(flow=True, official=True, **layers), nnx.Rngs(0))
    network.eval()
    rng, asked = np.random.default_rng(0), []

    def flow(wanted):
        asked.append(wanted.flow_size)
        return iter(rng.normal(0.0, 0.01, (len(walking.real) - 1, 36, 64, 4)).astype(np.float32))

    paths_of = evaluation.network.NetworkPaths(network, dataclasses.replace(walking, flow=flow))
    one, two, again = paths_of(np.array([1.0, 2.0, 1.0]))
    assert np.array_equal(one.quaternion, again.quaternion)
    assert not np.allclose(one.quaternion, two.quaternion)
    assert np.array_equal(paths_of(np.array([1.0] * 3))[0].quaternion, one.quaternion)
    assert asked == [(64, 36)]


def test_a_clip_that_fails_is_named_and_does_not_stop_the_others(walking, caplog):
    bad = yawing(sine(5.0), "bad")
    bad.real.quaternion[7] = np.nan
    compared = compare([bad, walking], {}, crop=0.05)
    assert [clip.name for clip in compared.clips] == ["walk"]
    assert list(compared.left_out) == ["bad"]
    assert "left out: bad: pose 7 of the camera path is not finite" in caplog.text
    with pytest.raises(InputError, match="no clip can be evaluated: bad: pose 7"):
        compare([bad], {}, crop=0.05)


@pytest.mark.parametrize("crop", [0.0, -0.1, 0.5, math.nan])
def test_an_impossible_crop_is_refused(walking, crop):
    with pytest.raises(InputError, match=r"impossible; give 0\.005 to 0\.45"):
        compare([walking], {}, crop=crop)


def test_no_clip_is_refused():
    with pytest.raises(InputError, match="there is no clip to evaluate"):
        compare([], {})


@pytest.mark.parametrize("frames", [2, 3, 20])
def test_clips_too_short_to_tell_jitter_are_compared_all_the_same(frames):
    (clip,) = compare([yawing(np.linspace(0.0, 1.0, frames))], {}, crop=0.1).clips
    for score in clip.scores.values():
        assert math.isnan(score.rotation_jitter_deg)
        assert score.kept_worst >= 0.8

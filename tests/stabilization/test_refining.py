"""The refinement behind each method, and the method for a clip without a gyro."""

import logging

import numpy as np
import pytest
from flax import nnx

import dvs_jax
from dvs_jax.errors import InputError
from dvs_jax.fused.architecture import Architecture
from dvs_jax.fused.method import FusedMethod
from dvs_jax.fused.network import FusedNetwork
from dvs_jax.methods import AsFilmed, GivenPath, Refined, Smoothed
from dvs_jax.stabilization.refining import by_pictures, refined
from tests.methods.test_refined import places, shaken_clip


@pytest.fixture(scope="module")
def official():
    return FusedMethod(FusedNetwork(Architecture(lstm=(4,), official=True), nnx.Rngs(0)))


@pytest.mark.slow
def test_smoothers_and_our_own_networks_are_refined_and_others_where_that_is_asked_for(official):
    own = [dvs_jax.load_model(name) for name in ("gyro_only", "stabnet", "stabgan")]
    for method in (Smoothed(), *own):
        assert refined(method).refinement == "mesh"
    for method in (GivenPath(None), official, AsFilmed()):
        assert refined(method) is method


def test_methods_are_refined_as_that_is_asked_for(official):
    for method in (Smoothed(), GivenPath(None), official):
        assert refined(method, "none") is method
        assert refined(method, "rotation").refinement == "rotation"
        assert isinstance(refined(method, "mesh"), Refined)


def test_the_look_ahead_is_shared_between_network_and_refinement():
    network = dvs_jax.load_model("fused")
    for total_s, limit_s in ((3.0, 0.4), (1.0, 0.2), (0.4, 0.0), (0.2, 0.0)):
        method = refined(network, "mesh", look_ahead_s=total_s)
        assert method.method.look_ahead_s == pytest.approx(limit_s)
        assert method.look_ahead_s == pytest.approx(total_s)


@pytest.mark.parametrize("look_ahead_s", [0.0, -1.0, 3.5, float("nan")])
def test_an_impossible_look_ahead_is_told(look_ahead_s):
    with pytest.raises(InputError, match=r"look-ahead of .* is impossible; give 0\.1 to 3"):
        refined(Smoothed(), look_ahead_s=look_ahead_s)


@pytest.mark.slow
def test_a_clip_without_a_gyro_is_stabilised_by_its_pictures_and_that_is_said(tmp_path, caplog):
    clip = shaken_clip(places())
    with caplog.at_level(logging.WARNING):
        report = dvs_jax.stabilize(clip, tmp_path, preset="ultrafast")
    assert [r.message for r in caplog.records if "read off the pictures" in r.message] == [
        "clip: no gyro; the motion is read off the pictures, which tells less where they are dark, "
        "blurred or full of things that move"
    ]
    assert report.trajectory is None and report.cropped.exists()
    assert np.isnan(report.explained)


def test_what_the_mesh_would_take_out_is_told_to_stay(caplog):
    clip = shaken_clip(places())
    with caplog.at_level(logging.WARNING):
        by_pictures(clip, "rotation")
    assert "full of things that move, and without the mesh leaves rolling shutter in" in caplog.text


def test_without_a_gyro_and_without_refinement_there_is_nothing_to_do(tmp_path):
    clip = shaken_clip(places())
    with pytest.raises(InputError, match="no gyro log, and without refinement nothing would"):
        dvs_jax.stabilize(clip, tmp_path, refine="none")
    assert isinstance(by_pictures(clip).method, AsFilmed)
